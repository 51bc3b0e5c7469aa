//! The help in Chinese. English stands with the arguments themselves; every command and argument has its line here, by its path.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::language::Language;

const EXIT_CODES: &str = "\
退出代码：
  0  完成
  1  失败
  2  命令的写法不对
  3  无法连接中继，或中继已满、繁忙；工作已保存在本设备上，由 `troth sync` 发送
  4  被规则拒绝
  5  中继不诚实的证据，保存在消息所指的文件中";

const CASE: &str = "个案：其名称，或标识的开头";
const NOTE: &str = "笔记：其标识或标识的开头";
const RELAY: &str = "中继：https://主机[:端口]，本机上可用 http://";

/// The line of each command and argument.
const LINES: &[(&str, &str)] = &[
    (
        "troth",
        "咨询机构共享的加密记录：保存在本设备上，经由无法读取它们的中继同步",
    ),
    (
        "troth.home",
        "本设备保存（加密）记录的位置；默认在平台的数据目录中",
    ),
    (
        "troth.passphrase_file",
        "从文件的第一行读取口令；`-` 表示标准输入",
    ),
    ("troth.json", "在标准输出上打印一个 JSON 值"),
    ("troth.no_input", "从不提问"),
    ("troth.offline", "不连接：将所做的内容保留到 `troth sync`"),
    (
        "troth.relay_ca",
        "对中继只信任此 PEM 文件中的证书：用于自签证书的中继",
    ),
    ("troth.lang", "消息的语言；默认按环境设置"),
    ("troth demo", "在本机的临时位置讲完整个故事，并检验每一项声明"),
    (
        "troth demo.keep",
        "把全部内容留在此目录中供查看；该目录须为空或尚不存在",
    ),
    ("troth practice", "机构：创建及其状况"),
    ("troth practice init", "在中继上创建机构；本设备成为其第一台设备"),
    ("troth practice init.relay", RELAY),
    ("troth practice init.name", "机构的名称"),
    ("troth practice init.full_name", "您的全名，即同事所知的姓名"),
    ("troth practice init.device_name", "本设备的名称"),
    ("troth practice status", "显示机构、本设备和待发送的内容"),
    ("troth device", "设备：关联另一台，撤销一台"),
    (
        "troth device join",
        "将这台电脑关联为新设备：打印代码（使用 --json 时打印在标准错误上），等待另一台设备接收",
    ),
    ("troth device join.relay", RELAY),
    ("troth device join.name", "本设备的名称"),
    ("troth device approve", "接收新设备显示的代码，将其添加为您的设备"),
    (
        "troth device approve.code",
        "代码；`-` 表示从标准输入读取，不写则会询问",
    ),
    ("troth device list", "列出机构的设备"),
    (
        "troth device revoke",
        "取消一台设备的访问权，适用于此后写入的全部内容",
    ),
    ("troth device revoke.device", "设备：其名称，或标识的开头"),
    (
        "troth device revoke.compromised",
        "设备已落入他人之手：立即更换它持有过的所有密钥",
    ),
    ("troth device revoke.dry_run", "只说明将会做什么"),
    ("troth device revoke.yes", "不询问"),
    ("troth case", "个案：接受咨询的一对伴侣或一个人"),
    ("troth case new", "为一对伴侣或一个人建立个案"),
    ("troth case new.name", "个案的名称"),
    ("troth case new.partner_a", "第一位伴侣，或唯一的来访者"),
    ("troth case new.partner_b", "第二位伴侣"),
    ("troth case new.skip_recovery", "不提示设备丢失的后果"),
    ("troth case list", "列出本设备能读取的个案"),
    ("troth case show", "显示个案：其伴侣及各分区的内容"),
    ("troth case show.case", CASE),
    ("troth case close", "关闭个案；其记录仍保留"),
    ("troth case close.case", CASE),
    ("troth note", "个案中的笔记"),
    ("troth note add", "写一份笔记"),
    ("troth note add.case", CASE),
    (
        "troth note add.lane",
        "分区：joint、partner-a、partner-b、assessments、process-notes 或 admin",
    ),
    (
        "troth note add.text",
        "正文本身（命令运行时，这台电脑上的其他人可以看到）",
    ),
    ("troth note add.file", "存放正文的文件"),
    ("troth note add.stdin", "`-`：正文来自标准输入"),
    (
        "troth note edit",
        "改写一份笔记；只改动不同之处，别处所做的编辑会保留",
    ),
    ("troth note edit.note", NOTE),
    (
        "troth note edit.text",
        "正文本身（命令运行时，这台电脑上的其他人可以看到）",
    ),
    ("troth note edit.file", "存放正文的文件"),
    ("troth note edit.stdin", "`-`：正文来自标准输入"),
    ("troth note list", "列出个案的笔记"),
    ("troth note list.case", CASE),
    ("troth note list.lane", "只列出此分区的笔记"),
    ("troth note show", "显示一份笔记"),
    ("troth note show.note", NOTE),
    ("troth field", "个案中的临床字段"),
    ("troth field set", "设置字段；若有多个值，则选定此值"),
    ("troth field set.case", CASE),
    ("troth field set.lane", "分区"),
    ("troth field set.key", "字段的名称"),
    ("troth field set.value", "字段的值"),
    (
        "troth field get",
        "显示一个字段或分区中的全部字段，以及它的每一个值",
    ),
    ("troth field get.case", CASE),
    ("troth field get.lane", "分区"),
    ("troth field get.key", "字段的名称"),
    ("troth sync", "发送待发送的内容，获取新的内容"),
    (
        "troth sync.watch",
        "持续接收，直到被停止（Ctrl-C）；与 --json 同用时，每次变化打印一行",
    ),
    ("troth ledger", "账本：发生过什么，以及证明"),
    ("troth ledger status", "显示验证进度、中继的公钥，以及搁置的内容"),
    (
        "troth ledger verify",
        "从创始起重放：每个签名、每条规则、每个哈希",
    ),
    ("troth ledger verify.file", "已导出的账本，而不是本设备自己的"),
    ("troth ledger verify.key", "中继的公钥，如 `ledger status` 所示"),
    ("troth ledger log", "列出发生过的事，最早的在前"),
    ("troth ledger log.case", "只列出与此个案有关的"),
    (
        "troth ledger export",
        "写入文件，任何人都可用中继的公钥验证；其中没有任何内容",
    ),
    ("troth ledger export.out", "文件"),
    ("troth export", "把个案写成其他程序能打开的文件；这些文件未加密"),
    ("troth export.case", CASE),
    (
        "troth export.format",
        "带历史的 Automerge 文档，或当前状态的 JSON",
    ),
    ("troth export.out", "尚不存在的文件或目录，或已有的目录"),
    ("troth export.lane", "只导出此分区；默认导出过程笔记以外的全部"),
    ("troth completions", "打印用于在 shell 中补全命令的脚本"),
    ("troth man", "把手册页写入一个目录"),
    ("troth man.dir", "目录；其中已有的手册页会重写"),
    ("troth completions.shell", "所用的 shell"),
];

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// The same command line, with its help in Chinese.
pub fn in_chinese(command: Command) -> Command {
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version);
    let version = version.help("显示版本").help_heading("选项");
    translated(command, "troth")
        .after_help(EXIT_CODES)
        .disable_version_flag(true)
        .arg(version)
}

fn translated(command: Command, path: &str) -> Command {
    let line = |of: &str| LINES.iter().find(|(path, _)| *path == of).map(|(_, line)| *line);
    let command = command
        .mut_args(|arg| {
            let heading = match (arg.is_global_set(), arg.is_positional()) {
                (true, _) => "所有命令的选项",
                (false, true) => "参数",
                (false, false) => "选项",
            };
            let text = line(&format!("{path}.{}", arg.get_id()));
            let arg = arg.help_heading(heading);
            if let Some(text) = text {
                arg.help(text)
            } else {
                arg
            }
        })
        .mut_subcommands(|sub| {
            let path = format!("{path} {}", sub.get_name());
            translated(sub, &path)
        });
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help("显示帮助")
        .help_heading("选项");
    let command = command
        .disable_help_flag(true)
        .arg(help)
        .subcommand_help_heading("命令")
        .help_template(TEMPLATE);
    if let Some(about) = line(path) {
        command.about(about).long_about(None)
    } else {
        command
    }
}

/// The language that `--lang` names, read before all else so that help and mistakes come in it.
pub fn asked_for(arguments: &[OsString]) -> Option<Language> {
    let mut rest = arguments.iter().filter_map(|argument| argument.to_str());
    let value = loop {
        match rest.next()? {
            "--lang" => break rest.next()?,
            "--" => return None,
            other => {
                if let Some(value) = other.strip_prefix("--lang=") {
                    break value;
                }
            }
        }
    };
    clap::ValueEnum::from_str(value, false).ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    fn walk(command: &Command, path: &str, found: &mut Vec<String>) {
        found.push(path.to_owned());
        found.extend(
            command
                .get_arguments()
                .map(|arg| format!("{path}.{}", arg.get_id())),
        );
        for sub in command.get_subcommands() {
            walk(sub, &format!("{path} {}", sub.get_name()), found);
        }
    }

    #[test]
    fn every_command_and_argument_is_explained_in_both_languages() {
        let mut found = Vec::new();
        let command = Arguments::command();
        walk(&command, "troth", &mut found);
        let explained: Vec<&str> = LINES.iter().map(|(path, _)| *path).collect();
        for path in &found {
            assert!(explained.contains(&path.as_str()), "{path} has no Chinese");
        }
        for path in explained {
            assert!(
                found.iter().any(|there| there == path),
                "{path} is explained and does not exist"
            );
        }
        let english = |command: &Command| {
            assert!(
                command.get_about().is_some(),
                "{} has no English",
                command.get_name()
            );
            for arg in command.get_arguments() {
                assert!(
                    arg.get_help().is_some(),
                    "{}.{} has no English",
                    command.get_name(),
                    arg.get_id()
                );
            }
        };
        english(&command);
        command.get_subcommands().for_each(|sub| {
            english(sub);
            sub.get_subcommands().for_each(english);
        });
    }

    #[test]
    fn the_language_is_found_wherever_it_stands() {
        let asked = |line: &str| asked_for(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked("troth --lang zh case list"), Some(Language::Chinese));
        assert_eq!(asked("troth case list --lang=en"), Some(Language::English));
        assert_eq!(asked("troth case list"), None);
        assert_eq!(asked("troth case new -- --lang zh"), None);
    }
}

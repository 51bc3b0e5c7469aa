//! The help in Chinese. English stands with the arguments themselves; every command and argument has its line here, by its path.

// Long because one table of every help text, in both languages.

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
const MEMBER: &str = "成员：其姓名，或标识的开头";
const INVITE: &str = "邀请：其标识的开头";
const WAIT: &str = "等待对方多少秒；不写数字则为 600";
const COMPARE: &str = "不询问，而是对照对方设备显示的代码；`-` 表示在对方到来后从标准输入读取";
const ROLE: &str = "角色：admin（管理员）、counselor（咨询师）、client（来访者）或 auditor（审计员）";
const SHARED: &str = "分区：joint、partner-a、partner-b、assessments 或 admin";
const ASIDE: &str = "它在列表中的编号";
const NOTE: &str = "笔记：其标识或标识的开头";
const WORDS: &str = "从文件读取这些词，`-` 表示标准输入；不写则会询问";
const RECOVERY: &str = "恢复：其标识的开头，或成员的姓名";
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
    (
        "troth.sensitive_passphrase_file",
        "从文件的第一行读取第二口令（用于评估和过程笔记）；`-` 表示标准输入",
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
    ("troth practice", "机构：创建、加入及其状况"),
    ("troth practice init", "在中继上创建机构；本设备成为其第一台设备"),
    ("troth practice init.relay", RELAY),
    ("troth practice init.name", "机构的名称"),
    ("troth practice init.full_name", "您的全名，即同事所知的姓名"),
    ("troth practice init.device_name", "本设备的名称"),
    (
        "troth practice join",
        "凭邀请码加入机构：显示代码供与发送者对照，并等待对方让您加入",
    ),
    ("troth practice join.code", "邀请码；`-` 表示从标准输入读取"),
    ("troth practice join.full_name", "您的全名，即同事所知的姓名"),
    ("troth practice join.device_name", "本设备的名称"),
    ("troth practice status", "显示机构、本设备和待发送的内容"),
    ("troth practice policy", "显示机构的自行规定，或作出更改"),
    (
        "troth practice policy.custodian",
        "在作者离开后也可读取其过程笔记（从现在起开始的）的人：一位管理员或咨询师",
    ),
    (
        "troth practice policy.no_custodian",
        "无人：从现在起开始的过程笔记随作者一同失去",
    ),
    (
        "troth practice policy.recovery_wait",
        "单独恢复成员的管理员须等待的小时数，其间他人可以阻止：至少 72",
    ),
    (
        "troth practice policy.witnesses",
        "账本见证者的密钥，形式为 name+id+base64；可给出多次，取代先前所列的全部",
    ),
    (
        "troth practice policy.quorum",
        "检查点须有多少个见证者联署才算有见证 [默认：全部]",
    ),
    ("troth practice policy.no_witnesses", "从现在起账本没有见证者"),
    ("troth member", "成员：邀请、角色与离开"),
    (
        "troth member invite",
        "邀请一个人：打印要发给对方的代码；在终端中（或使用 --wait 时）等待并让其加入",
    ),
    ("troth member invite.role", ROLE),
    ("troth member invite.wait", WAIT),
    ("troth member invite.compare", COMPARE),
    (
        "troth member confirm",
        "等待本设备邀请的人，与其对照代码，并让其加入",
    ),
    (
        "troth member confirm.invite",
        "邀请：其标识的开头；默认为本设备发出的全部邀请",
    ),
    ("troth member confirm.wait", WAIT),
    ("troth member confirm.compare", COMPARE),
    ("troth member list", "列出成员和有效的邀请"),
    ("troth member role", "更改成员的角色"),
    ("troth member role.member", MEMBER),
    ("troth member role.role", ROLE),
    (
        "troth member remove",
        "移除成员及其所有设备：此后写入的内容其都无法读取",
    ),
    ("troth member remove.member", MEMBER),
    (
        "troth member remove.compromised",
        "其持有的内容已落入他人之手：立即更换每份记录的密钥",
    ),
    ("troth member remove.dry_run", "只说明将会做什么"),
    ("troth member remove.yes", "不询问"),
    ("troth member withdraw", "撤回邀请"),
    ("troth member withdraw.invite", INVITE),
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
    (
        "troth device revoke.last_kit",
        "即使是您最后一份恢复套件，也予以撤销",
    ),
    ("troth passphrase", "本设备的口令"),
    (
        "troth passphrase sensitive",
        "设置或更改第二口令，它用于打开评估和过程笔记",
    ),
    (
        "troth passphrase sensitive.new_file",
        "更改时，从文件的第一行读取新的第二口令",
    ),
    (
        "troth recovery",
        "恢复：打印的套件，或其他管理员，用于全部设备丢失之时",
    ),
    (
        "troth recovery kit",
        "制作恢复套件：可打印或抄写的 24 个词，全部设备丢失时凭它取回记录",
    ),
    (
        "troth recovery kit.out",
        "写入此文件（供打印的 PDF），不显示在屏幕上",
    ),
    ("troth recovery test", "再次输入套件的词，以证明它们可以读出"),
    ("troth recovery test.words_file", WORDS),
    (
        "troth recovery use",
        "凭套件回来：将这台电脑添加为套件所有者的新设备",
    ),
    ("troth recovery use.relay", RELAY),
    ("troth recovery use.name", "本设备的名称"),
    ("troth recovery use.words_file", WORDS),
    ("troth recovery list", "列出您的套件和进行中的恢复"),
    (
        "troth recovery ask",
        "没有套件时回来：打印代码（使用 --json 时打印在标准错误上），等待管理员提议恢复您",
    ),
    ("troth recovery ask.relay", RELAY),
    ("troth recovery ask.name", "本设备的名称"),
    (
        "troth recovery propose",
        "作为管理员，输入丢失全部设备的成员的代码，提议恢复该成员",
    ),
    ("troth recovery propose.code", "代码；`-` 表示从标准输入读取"),
    ("troth recovery propose.member", "成员：其姓名，或标识的开头"),
    ("troth recovery approve", "作为另一位管理员，批准一项恢复"),
    ("troth recovery approve.recovery", RECOVERY),
    ("troth recovery approve.yes", "不询问"),
    ("troth recovery stop", "作为管理员或当事成员，阻止一项恢复"),
    ("troth recovery stop.recovery", RECOVERY),
    ("troth case", "个案：接受咨询的一对伴侣或一个人"),
    ("troth case new", "为一对伴侣或一个人建立个案"),
    ("troth case new.name", "个案的名称"),
    ("troth case new.partner_a", "第一位伴侣，或唯一的来访者"),
    ("troth case new.partner_b", "第二位伴侣"),
    ("troth case new.skip_recovery", "没有核对过的恢复套件也继续"),
    ("troth case list", "列出本设备能读取的个案"),
    ("troth case show", "显示个案：其伴侣及各分区的内容"),
    ("troth case show.case", CASE),
    ("troth case assign", "把个案交给咨询师：过程笔记以外的所有分区"),
    ("troth case assign.case", CASE),
    ("troth case assign.member", MEMBER),
    (
        "troth case erase",
        "抹除个案：其记录和密钥在各处销毁，任何人都无法撤回",
    ),
    ("troth case erase.case", CASE),
    ("troth case erase.dry_run", "只说明将销毁什么、保留什么"),
    ("troth case erase.yes", "不询问"),
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
        "troth note add.template",
        "所用的格式：soap、dap、birp 或 couples；没有正文时，笔记以其标题开头",
    ),
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
    (
        "troth note sign",
        "为笔记签名：从此它不再改变，添加的内容都是补充",
    ),
    ("troth note sign.note", NOTE),
    ("troth note sign.yes", "不询问"),
    ("troth note amend", "补充一份笔记；已写的内容保持不变"),
    ("troth note amend.note", NOTE),
    (
        "troth note amend.text",
        "正文本身（命令运行时，这台电脑上的其他人可以看到）",
    ),
    ("troth note amend.file", "存放正文的文件"),
    ("troth note amend.stdin", "`-`：正文来自标准输入"),
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
    ("troth quarantine", "搁置待查看的内容：查看、重新录入、舍弃"),
    (
        "troth quarantine list",
        "列出搁置的内容：来得太迟或没有权限的编辑，以及他人发来而无法显示的内容",
    ),
    ("troth quarantine list.case", CASE),
    ("troth quarantine show", "显示被搁置的编辑本会作出的更改"),
    ("troth quarantine show.id", ASIDE),
    (
        "troth quarantine enter",
        "将被搁置的编辑重新录入：作为此刻对该分区现状的编辑",
    ),
    ("troth quarantine enter.id", ASIDE),
    (
        "troth quarantine discard",
        "舍弃被搁置的内容：不再列出；不会告知任何人",
    ),
    ("troth quarantine discard.id", ASIDE),
    ("troth quarantine discard.yes", "不询问"),
    ("troth share", "谁能读取个案的哪个分区"),
    ("troth share grant", "与成员共享个案的一个分区"),
    ("troth share grant.case", CASE),
    ("troth share grant.lane", SHARED),
    ("troth share grant.member", MEMBER),
    ("troth share grant.read_only", "可以读取，但不能写入"),
    (
        "troth share grant.until",
        "何时结束：日期（含当日）、时间（2026-08-01T12:00:00Z）或从现在起的时长：30d、12h、2w",
    ),
    (
        "troth share grant.from_now",
        "不含以往：对方可读取当前内容及此后的内容，看不到历史",
    ),
    ("troth share revoke", "结束与成员对一个分区的共享"),
    ("troth share revoke.case", CASE),
    ("troth share revoke.lane", SHARED),
    ("troth share revoke.member", MEMBER),
    ("troth share list", "显示谁能读取个案的哪个分区"),
    ("troth share list.case", CASE),
    (
        "troth share item",
        "共享一方伴侣分区中的一份笔记：连同其签署的同意书复制到 joint",
    ),
    ("troth share item.note", NOTE),
    ("troth share item.words", "您所同意的内容，用您自己的话写"),
    (
        "troth share item.recorded",
        "对方在这里没有设备时：记录其已同意，以及方式：in-person、paper 或 phone",
    ),
    ("troth share item.yes", "不询问"),
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
    (
        "troth ledger judge",
        "核查据称证明中继不诚实的文件；除该文件外什么都不需要",
    ),
    ("troth ledger judge.evidence", "证据文件"),
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

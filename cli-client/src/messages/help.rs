//! The help in Chinese. English stands with the arguments themselves; every command and argument has its line in
//! `help/lines`, by its path.

mod lines;

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::language::Language;
use lines::LINES;

const EXIT_CODES: &str = "\
退出代码：
  0  完成
  1  失败
  2  命令的写法不对
  3  无法连接中继，或中继已满、繁忙；工作已保存在本设备上，由 `troth sync` 发送
  4  被规则拒绝
  5  中继不诚实的证据，保存在消息所指的文件中";

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

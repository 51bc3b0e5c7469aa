//! What went wrong, and what to do about it.

use crate::output::Lines;

messages! {
    io(what: &str, why: &str) = "{what} cannot be used: {why}. Check the path, its permissions and the room on the disk.",
        "无法使用 {what}：{why}。请检查路径、权限和磁盘空间。";
    busy(home: &str) = "another troth is running on {home}. Wait until it is done, or stop it (`troth sync --watch` runs until it is stopped).",
        "另一个 troth 正在使用 {home}。请等它结束，或将其停止（`troth sync --watch` 会一直运行，直到被停止）。";
    refused(what: &str, reason: &str) = "{what}: {reason}", "{what}：{reason}";
    dishonest(what: &str, path: &str) = "THE RELAY IS NOT HONEST: {what}. This device has stopped. What you have can still be read; nothing more is sent. The proof is in {path}: keep it, and show it to whoever runs your practice. Anyone can judge it: troth ledger judge {path}",
        "中继不诚实：{what}。本设备已停止工作。已有内容仍可阅读；不再发送任何内容。证据保存在 {path}：请妥善保管，并交给机构负责人查看。任何人都可以核查：troth ledger judge {path}";
    unproven(what: &str) = "THE RELAY MAY NOT BE HONEST: {what}. This device has stopped; what you have can still be read. The relay signed nothing that would prove it to others, so there is no evidence file: tell whoever runs your practice, and ask whether the relay was restored from a backup. `troth sync` tries again.",
        "中继可能不诚实：{what}。本设备已停止工作；已有内容仍可阅读。中继没有签署任何可向他人证明此事的内容，因此没有证据文件：请告知机构负责人，并询问中继是否从备份恢复过。`troth sync` 会再次尝试。";
    dishonest_unwritten(what: &str, why: &str) = "THE RELAY IS NOT HONEST: {what}. This device has stopped. The evidence could not be written to a file ({why}): make room, and run `troth sync` again.",
        "中继不诚实：{what}。本设备已停止工作。证据无法写入文件（{why}）：请腾出空间，再运行一次 `troth sync`。";
    no_home() = "there is no place for this device's records: give one with --home DIR, or set TROTH_HOME.",
        "找不到存放本设备记录的位置：请用 --home 目录 指定，或设置 TROTH_HOME。";
    not_plain() = "a name cannot hold line breaks, tabs, or characters that steer the terminal or turn the reading order: leave them out.",
        "名称不能包含换行、制表符，或控制终端、改变文字方向的字符：请去掉它们。";
    no_passphrase() = "the passphrase is needed: run this in a terminal to be asked for it, or give --passphrase-file FILE (`-` reads one line from standard input).",
        "需要口令：请在终端中运行以便输入，或用 --passphrase-file 文件 提供（`-` 表示从标准输入读取一行）。";
    stdin_twice() = "standard input cannot hold both the passphrase and the text: put one of them into a file.",
        "标准输入不能同时提供口令和正文：请把其中一个放进文件。";
    not_text(file: &str) = "{file} is not text in UTF-8: save it as UTF-8 and try again.",
        "{file} 不是 UTF-8 文本：请另存为 UTF-8 后重试。";
    too_long(file: &str, bytes: usize) = "{file} is longer than {bytes} bytes: shorten it or split it.",
        "{file} 超过 {bytes} 字节：请缩短或拆分。";
    passphrase_prompt() = "Passphrase", "口令";
    passphrase_new() = "A passphrase for this device (15 characters or more; four or five unrelated words work well)",
        "为本设备设置口令（至少 15 个字符；四五个互不相关的词效果很好）";
    passphrase_again() = "The same once more", "请再输入一次";
    passphrase_differs() = "the two passphrases differ: try again.", "两次输入的口令不同：请重试。";
    ambiguous(what: &str, wanted: &str, candidates: Lines<'_>) = "\"{wanted}\" could be more than one {what}:\n{candidates}Give more of the id.",
        "“{wanted}” 可能指多个{what}：\n{candidates}请输入更长的标识。";
    no_such(what: &str, wanted: &str) = "there is no {what} \"{wanted}\" here: list them, or run `troth sync` first.",
        "这里没有{what} “{wanted}”：请先列出查看，或先运行 `troth sync`。";
    a_case() = "case", "个案";
    a_note() = "note", "笔记";
    a_device() = "device", "设备";
    a_member() = "member", "成员";
    a_recovery() = "open recovery", "进行中的恢复";
    an_invite() = "open invitation", "有效的邀请";
    no_answer() = "nobody is here to answer: add --yes to go ahead.", "没有人可以回答：请加上 --yes 继续。";
    stopped() = "Nothing was done.", "未做任何更改。";
    interrupted() = "Stopped.", "已停止。";
    no_such_lane(lane: &str, lanes: &str) = "there is no lane \"{lane}\": use one of {lanes}.",
        "没有分区 “{lane}”：请使用 {lanes} 之一。";
    exists(path: &str) = "{path} is there already: remove it, or choose another name.",
        "{path} 已存在：请删除它，或换一个名称。";
}

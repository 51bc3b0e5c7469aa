//! The second unlock.

messages! {
    prompt() = "Second passphrase (assessments and process notes)", "第二口令（评估和过程笔记）";
    new() = "A second passphrase (15 characters or more, not the one that opens the device)",
        "设置第二口令（至少 15 个字符，不能与打开本设备的口令相同）";
    choose() = "Assessments and process notes open with a passphrase of their own, and close again after five minutes without use. Nobody can reset it: what only this device can read is lost with it.",
        "评估和过程笔记用单独的口令打开，五分钟不使用即再次锁定。没有人能重置它：一旦遗忘，只有本设备能读取的内容便会丢失。";
    needed() = "the second passphrase is needed for assessments and process notes: run this in a terminal to be asked for it, or give --sensitive-passphrase-file FILE (`-` reads one line from standard input).",
        "评估和过程笔记需要第二口令：请在终端中运行以便输入，或用 --sensitive-passphrase-file 文件 提供（`-` 表示从标准输入读取一行）。";
    wrong() = "the second passphrase is not this device's: try again (it is not the one that opens the device).",
        "第二口令不正确：请重试（它不是打开本设备的口令）。";
    chosen() = "The second passphrase is chosen: it opens assessments and process notes on this device.",
        "第二口令已设置：它在本设备上打开评估和过程笔记。";
    changed() = "The second passphrase is changed. Old copies of this device's records still open with the old one.",
        "第二口令已更改。本设备记录的旧副本仍可用旧口令打开。";
    waits(count: usize) = "{count} of what waits here needs the second passphrase before it can be sent: run `troth sync --sensitive-passphrase-file FILE`, or read an assessment or a process note.",
        "待发送的内容中有 {count} 项需要第二口令才能发送：请运行 `troth sync --sensitive-passphrase-file 文件`，或打开一份评估或过程笔记。";
    passed_over() = "Assessments and process notes are locked, and not listed: name their lane, or give --sensitive-passphrase-file FILE.",
        "评估和过程笔记已锁定，未列出：请指明其分区，或提供 --sensitive-passphrase-file 文件。";
    left_out() = "Assessments are not in it: this device has no second passphrase yet (`troth passphrase sensitive`).",
        "其中不含评估：本设备还没有第二口令（`troth passphrase sensitive`）。";
    not_handed_on() = "The new device cannot open assessments and process notes yet, because they are locked here: run `troth sync --sensitive-passphrase-file FILE` on this device.",
        "评估和过程笔记在此处已锁定，新设备暂时无法打开它们：请在本设备上运行 `troth sync --sensitive-passphrase-file 文件`。";
}

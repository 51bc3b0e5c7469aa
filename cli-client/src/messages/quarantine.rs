//! What was set aside for review.

messages! {
    none() = "Nothing is set aside for review.", "没有搁置待查看的内容。";
    head() = "id\tset aside\tcase\tby\twhat", "编号\t搁置时间\t个案\t作者\t内容";
    hint() = "`troth quarantine show ID` shows what an edit would have changed; `enter ID` enters it again, `discard ID` decides against it.",
        "`troth quarantine show 编号` 显示一处编辑本会作出的更改；`enter 编号` 将其重新录入，`discard 编号` 将其舍弃。";
    about(what: &str) = "Set aside: {what}.", "已搁置：{what}。";
    no_edit() = "This is no edit whose text could be shown. Do anew what it was for, or discard it.",
        "这不是可以显示文字的编辑。请重新执行原来的操作，或将其舍弃。";
    field(key: &str) = "Field {key}:", "字段 {key}：";
    name(of: &str) = "Name of {of}:", "{of} 的名称：";
    case() = "The case's name, partners and status:", "个案的名称、伴侣和状态：";
    new_note(note: &str) = "A new note, {note}:", "新笔记 {note}：";
    note(note: &str) = "Note {note} would read:", "笔记 {note} 会改为：";
    signature(note: &str) = "A signature under note {note}, over this text:", "笔记 {note} 的签名，所签文字如下：";
    amendment(note: &str) = "An amendment to note {note}:", "笔记 {note} 的补充：";
    record(kind: &str) = "A record ({kind}):", "一份记录（{kind}）：";
    entered(lane: &str, case: &str) = "Entered again in {lane} of {case}.", "已重新录入 {case} 的 {lane} 分区。";
    writes_no_more(id: &str) = "this device writes no more. Look at it with `troth quarantine show {id}`, and enter it on another device of yours, with `troth note add` or `troth field set`.",
        "本设备已停止写入。请用 `troth quarantine show {id}` 查看，并在您的另一台设备上用 `troth note add` 或 `troth field set` 录入。";
    ask(what: &str) = "Discard {what}? It will be listed no more; this cannot be undone.",
        "舍弃 {what}？它将不再列出；此操作无法撤回。";
    discarded() = "Discarded.", "已舍弃。";
}

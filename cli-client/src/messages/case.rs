//! Cases, fields and exports.

use crate::output::Lines;

messages! {
    opened(name: &str, id: &str) = "Case {name} is open: {id}.", "个案 {name} 已建立：{id}。";
    closed(name: &str) = "Case {name} is closed. Its records stay.", "个案 {name} 已关闭。其记录仍保留。";
    closed_already(name: &str) = "Case {name} is closed already.", "个案 {name} 早已关闭。";
    assigned(case: &str, member: &str, lanes: usize) = "{member} works on {case} now ({lanes} lanes; process notes stay their author's).",
        "{member} 现可处理 {case}（{lanes} 个分区；过程笔记仍只属于其作者）。";
    not_staff(member: &str) = "{member} is no counselor and takes no cases: share a single lane with `troth share grant`, or give them another role.",
        "{member} 不是咨询师，不能接手个案：请用 `troth share grant` 共享单个分区，或更改其角色。";
    erase_told(case: &str, documents: usize, lanes: &str) = "Destroyed for good: every note, field, attachment and key of {case} ({documents} documents: {lanes}), on the relay now and on every device at its next sync.\nStays: the ledger shows that records were there and who ordered them gone; files that were exported; and whatever somebody who read them kept.",
        "将永久销毁：{case} 的全部笔记、字段、附件和密钥（{documents} 份文档：{lanes}）；中继上立即销毁，各设备在下次同步时销毁。\n仍会保留：账本会显示曾有记录以及由谁下令删除；已导出的文件；以及读过的人所保留的内容。";
    erase_dry(told: Lines<'_>) = "{told}\nNothing was done.", "{told}\n未做任何更改。";
    erase_ask(case: &str) = "Erase {case}? Nobody can undo this.", "抹除 {case}？任何人都无法撤回。";
    erased(case: &str) = "{case} is erased. The ledger keeps that it was there, and who ordered this.",
        "{case} 已抹除。账本中仍保留它曾存在以及由谁下令的记录。";
    erasure_waits(case: &str) = "{case} is erased once this reaches the relay: run `troth sync` as soon as you can.",
        "此操作到达中继后，{case} 才会被抹除：请尽快运行 `troth sync`。";
    none() = "No cases yet.", "还没有个案。";
    list_head() = "id\tcase\tpartners\tstatus\topened", "标识\t个案\t伴侣\t状态\t建立时间";
    status_open() = "open", "进行中";
    status_closed() = "closed", "已关闭";
    show_partners() = "partners", "伴侣";
    show_status() = "status", "状态";
    show_opened() = "opened", "建立时间";
    lanes_head() = "lane\tnotes\tfields", "分区\t笔记\t字段";
    consents_head() = "lane\tconsent\tstands\tsince\tform, language, words\tentry\tsigned", "分区\t同意项\t状态\t时间\t表单、语言、文本\t条目\t签名";
    consent_given() = "given", "已同意";
    consent_refused() = "refused", "未同意";
    consent_withdrawn() = "!! WITHDRAWN", "!! 已撤回";
    consent_signed() = "by the client", "来访者";
    consent_unsigned() = "no signature that holds", "无有效签名";
    inbox_waits(count: usize) = "In the inbox for this case: {count}. Look with `troth inbox list`.", "收件箱中有此个案的内容：{count} 项。请用 `troth inbox list` 查看。";
    field_set(key: &str, value: &str) = "{key}: {value}", "{key}：{value}";
    field_settled(key: &str, value: &str, count: usize) = "{key}: {value} (chosen among {count})", "{key}：{value}（从 {count} 个值中选定）";
    field_line(key: &str, value: &str) = "{key}: {value}", "{key}：{value}";
    field_several(key: &str, count: usize) = "{key} has {count} values, set at the same time. Choose one with `troth field set`:",
        "{key} 有 {count} 个同时设置的值。请用 `troth field set` 选定一个：";
    field_value(value: &str, whom: &str) = "  {value}   ({whom})", "  {value}   （{whom}）";
    no_fields() = "No fields yet.", "还没有字段。";
    no_field(key: &str) = "there is no field \"{key}\" there: leave the name out to see all.", "那里没有字段 “{key}”：不写名称可查看全部。";
    exported(path: &str) = "Written: {path}", "已写入：{path}";
    process_notes_stay() = "Process notes stand outside the record and were left out; --lane process-notes exports them.",
        "过程笔记不属于正式记录，未包含在内；--lane process-notes 可单独导出。";
    fhir_holds() = "FHIR holds the answers and consents that came through intake links; notes and fields are in --format json.",
        "FHIR 文件包含通过登记链接收到的答复和同意；笔记与字段请用 --format json 导出。";
    plaintext() = "The exported files are not encrypted. Keep them as you keep paper records.",
        "导出的文件未加密。请像保管纸质记录一样保管它们。";
    nothing_there() = "there is nothing to export in that lane yet.", "该分区还没有可导出的内容。";
    unknown_device() = "a device that is not listed", "未列出的设备";
}

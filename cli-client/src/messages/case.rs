//! Cases, fields and exports.

messages! {
    opened(name: &str, id: &str) = "Case {name} is open: {id}.", "个案 {name} 已建立：{id}。";
    one_device() = "This practice has one device. Link a second one (`troth device join`) before you rely on it; --skip-recovery leaves this remark out.",
        "该机构只有一台设备。正式使用前请关联第二台（`troth device join`）；--skip-recovery 可省略此提示。";
    closed(name: &str) = "Case {name} is closed. Its records stay.", "个案 {name} 已关闭。其记录仍保留。";
    closed_already(name: &str) = "Case {name} is closed already.", "个案 {name} 早已关闭。";
    none() = "No cases yet.", "还没有个案。";
    list_head() = "id\tcase\tpartners\tstatus\topened", "标识\t个案\t伴侣\t状态\t建立时间";
    status_open() = "open", "进行中";
    status_closed() = "closed", "已关闭";
    show_partners() = "partners", "伴侣";
    show_status() = "status", "状态";
    show_opened() = "opened", "建立时间";
    lanes_head() = "lane\tnotes\tfields", "分区\t笔记\t字段";
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
    plaintext() = "The exported files are not encrypted. Keep them as you keep paper records.",
        "导出的文件未加密。请像保管纸质记录一样保管它们。";
    nothing_there() = "there is nothing to export in that lane yet.", "该分区还没有可导出的内容。";
    unknown_device() = "a device that is not listed", "未列出的设备";
}

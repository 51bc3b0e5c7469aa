//! Notes.

use crate::output::Lines;

messages! {
    added(id: &str, case: &str, lane: &str) = "Note {id} is in {case}, {lane}.", "笔记 {id} 已存入 {case} 的 {lane}。";
    edited(id: &str) = "Note {id} is changed.", "笔记 {id} 已修改。";
    unchanged(id: &str) = "Note {id} reads so already.", "笔记 {id} 内容已是如此。";
    none() = "No notes yet.", "还没有笔记。";
    list_head() = "id\tlane\twritten\tby\tbegins", "标识\t分区\t书写时间\t作者\t开头";
    empty() = "the note is empty: write something.", "笔记为空：请写点内容。";
    by_line(lane: &str, at: &str, author: &str) = "{lane}, {at}, {author}", "{lane}，{at}，{author}";
    draft() = "draft", "草稿";
    signed() = "signed", "已签名";
    signed_changed() = "signed, then changed", "签名后有改动";
    amended(at: &str, author: &str, text: Lines<'_>) = "Amended {at} by {author}:\n{text}", "{author} 于 {at} 补充：\n{text}";
    unknown_author() = "(unknown)", "（未知）";
    text_needed() = "the note's text is needed: give --text, --file, or `-` to read it from standard input.",
        "需要笔记正文：请用 --text、--file，或用 `-` 从标准输入读取。";
}

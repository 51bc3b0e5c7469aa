//! Notes.

use crate::output::Lines;

messages! {
    added(id: &str, case: &str, lane: &str) = "Note {id} is in {case}, {lane}.", "笔记 {id} 已存入 {case} 的 {lane}。";
    edited(id: &str) = "Note {id} is changed.", "笔记 {id} 已修改。";
    unchanged(id: &str) = "Note {id} reads so already.", "笔记 {id} 内容已是如此。";
    none() = "No notes yet.", "还没有笔记。";
    list_head() = "id\tlane\twritten\tby\tstate\tbegins", "标识\t分区\t书写时间\t作者\t状态\t开头";
    empty() = "the note is empty: write something.", "笔记为空：请写点内容。";
    by_line(lane: &str, at: &str, author: &str) = "{lane}, {at}, {author}", "{lane}，{at}，{author}";
    draft() = "draft", "草稿";
    signed() = "signed", "已签名";
    signed_changed() = "signed, then changed", "签名后有改动";
    invalid() = "INVALID SIGNATURE", "签名无效";
    signed_by(by: &str, at: &str) = "Signed by {by}, {at}.", "由 {by} 于 {at} 签名。";
    signed_carried(by: &str, at: &str, carrier: &str) = "Signed by {by}, {at}; carried over by {carrier}, when this record went on without its history.",
        "由 {by} 于 {at} 签名；本记录在不含历史的情况下延续时由 {carrier} 带入。";
    signature_invalid(by: &str, at: &str) = "INVALID SIGNATURE in the name of {by}, {at}: it is not that member's over this note. Do not rely on it; ask them.",
        "签名无效：以 {by} 之名于 {at} 的签名并非该成员对这份笔记所签。请勿采信，并向其本人核实。";
    changed_since() = "The above was signed. The note was changed since, and reads now, signed by nobody:",
        "以上内容已签名。此后笔记有改动，目前内容如下，无人签名：";
    consented(lane: &str, by: &str, at: &str, words: &str) = "Shared from {lane} by {by}, {at}, with signed consent: “{words}”",
        "由 {by} 于 {at} 从 {lane} 共享，并签署同意：“{words}”";
    consent_recorded(lane: &str, by: &str, at: &str, how: &str, words: &str) = "Shared from {lane}, {at}: {by} recorded the consent of whose lane that is ({how}): “{words}”",
        "{at} 自 {lane} 共享：{by} 代分区主人记录其同意（{how}）：“{words}”";
    consent_invalid(lane: &str, by: &str, at: &str) = "INVALID CONSENT in the name of {by}, from {lane}, {at}: it is not that member's. Ask them whether they shared this.",
        "同意书无效：以 {by} 之名于 {at} 从 {lane} 共享的同意并非该成员所签。请向其本人核实是否共享了此内容。";
    sign_ask(id: &str) = "Sign note {id} as it stands above? It cannot be changed then, only added to.",
        "按以上内容为笔记 {id} 签名？签名后只能补充，不能修改。";
    sign_done(id: &str) = "Note {id} is signed. What is added from now on is an amendment (`troth note amend`).",
        "笔记 {id} 已签名。此后添加的内容均为补充（`troth note amend`）。";
    sign_again(id: &str) = "note {id} is signed by you already: add to it with `troth note amend`.",
        "您已为笔记 {id} 签名：请用 `troth note amend` 补充。";
    amend_done(id: &str) = "Note {id} is added to. What was written stays as it is.", "已为笔记 {id} 添加补充。原有内容保持不变。";
    amended(at: &str, author: &str, text: Lines<'_>) = "Amended {at} by {author}:\n{text}", "{author} 于 {at} 补充：\n{text}";
    unknown_author() = "(unknown)", "（未知）";
    text_needed() = "the note's text is needed: give --text, --file, or `-` to read it from standard input.",
        "需要笔记正文：请用 --text、--file，或用 `-` 从标准输入读取。";
}

//! Sharing.

messages! {
    granted(member: &str, lane: &str, case: &str) = "{member} reads and writes {lane} of {case}, with its history.",
        "{member} 可读写 {case} 的 {lane} 分区，包括其历史。";
    granted_read(member: &str, lane: &str, case: &str) = "{member} reads {lane} of {case}, with its history.",
        "{member} 可读取 {case} 的 {lane} 分区，包括其历史。";
    granted_from_now(member: &str, lane: &str, case: &str) = "{member} reads and writes {lane} of {case} as it is now and as it goes on, without its history.",
        "{member} 可读写 {case} 的 {lane} 分区的当前内容及此后的内容，不含历史。";
    granted_read_from_now(member: &str, lane: &str, case: &str) = "{member} reads {lane} of {case} as it is now and as it goes on, without its history.",
        "{member} 可读取 {case} 的 {lane} 分区的当前内容及此后的内容，不含历史。";
    grant_waits(member: &str, lane: &str, case: &str) = "{member} is not given {lane} of {case} until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，{member} 尚不能访问 {case} 的 {lane} 分区：请尽快运行 `troth sync`。";
    ends(at: &str) = "It ends {at}.", "于 {at} 结束。";
    revoked(member: &str, lane: &str, case: &str) = "{member} reads nothing more that is written in {lane} of {case}. What they had read before, they may still hold.",
        "{member} 无法再读取此后写入 {case} 的 {lane} 分区的内容。其之前读过的内容可能仍在其手中。";
    revocation_waits(member: &str) = "{member} keeps their access until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，{member} 仍可访问：请尽快运行 `troth sync`。";
    by_role(member: &str) = "{member} reads that lane by their role: change it with `troth member role`.",
        "{member} 凭其角色读取该分区：请用 `troth member role` 更改角色。";
    not_shared(member: &str, lane: &str) = "{lane} is not shared with {member}: see `troth share list`.",
        "{lane} 没有与 {member} 共享：请查看 `troth share list`。";
    process_notes() = "process notes are their author's alone and are shared with nobody: share another lane, or write a note there.",
        "过程笔记只属于其作者，不与任何人共享：请共享其他分区，或在那里写笔记。";
    auditor(member: &str) = "{member} is an auditor, who reads no records: give them another role first (`troth member role`).",
        "{member} 是审计员，不能读取记录：请先更改其角色（`troth member role`）。";
    no_time(text: &str) = "\"{text}\" is no end: write a date (2026-08-01), a time (2026-08-01T12:00:00Z), or a while from now (12h, 30d, 2w).",
        "“{text}” 不是有效的结束时间：请写日期（2026-08-01）、时间（2026-08-01T12:00:00Z）或时长（12h、30d、2w）。";
    past(text: &str) = "\"{text}\" has passed: give an end that is still to come.", "“{text}” 已经过去：请给出将来的结束时间。";
    lane() = "lane", "分区";
    write() = "write", "读写";
    read() = "read", "只读";
    nothing() = "nothing", "无权";
    ended() = "ended", "已结束";
    until(at: &str) = "until {at}", "至 {at}";
    no_key() = "no key yet", "尚无密钥";
    old_key() = "still has the present key", "仍持有当前密钥";
    no_partner_lane(lane: &str) = "that note is in {lane}: only notes of partner-a and partner-b are shared one by one. Share a lane with `troth share grant`.",
        "该笔记在 {lane} 分区：只有 partner-a 和 partner-b 的笔记可以逐份共享。请用 `troth share grant` 共享整个分区。";
    no_joint() = "the joint lane of that case is not shared with you: ask your counselor to share it (`troth share grant`), then sync.",
        "该个案的 joint 分区没有与您共享：请让咨询师共享它（`troth share grant`），然后同步。";
    consent() = "I share this note with my partner and our counselors. They can read it and keep it, and I cannot take it back from those who have read it.",
        "我同意与我的伴侣及我们的咨询师共享这份笔记。他们可以阅读并保留它；对已经读过的人，我无法收回。";
    ask(words: &str) = "You sign this: “{words}” Share the note above?", "您将签署：“{words}” 共享上面的笔记吗？";
    ask_recorded(lane: &str, how: &str, words: &str) = "You sign, for whose lane {lane} is, that they consented {how}: “{words}” Share the note above?",
        "您将代 {lane} 分区的主人签署，对方已{how}同意：“{words}” 共享上面的笔记吗？";
    shared_recorded(id: &str, lane: &str) = "Note {id} is copied into joint. Beside it stands that you recorded the consent for whose lane {lane} is.",
        "笔记 {id} 已复制到 joint，旁边注明由您代 {lane} 分区的主人记录其同意。";
    in_person() = "in person", "当面";
    on_paper() = "on paper", "书面";
    by_phone() = "by telephone", "电话";
    consents() = "Items shared out of a partner's lane:", "从一方伴侣的分区中共享的内容：";
    consent_own(at: &str, lane: &str, by: &str) = "{at}  {lane}  consented by {by}, signed on their device",
        "{at}  {lane}  由 {by} 在其设备上签署同意";
    consent_recorded(at: &str, lane: &str, by: &str, how: &str) = "{at}  {lane}  recorded by {by} on behalf of {lane} ({how})",
        "{at}  {lane}  由 {by} 代 {lane} 记录（{how}）";
    consent_invalid(at: &str, lane: &str, by: &str) = "{at}  {lane}  INVALID consent in the name of {by}",
        "{at}  {lane}  以 {by} 名义的无效同意";
    shared(id: &str) = "Note {id} is copied into joint, with your signed consent beside it. The one in your lane stays yours.",
        "笔记 {id} 已复制到 joint，并附有您签署的同意书。您分区中的原件仍属于您。";
}

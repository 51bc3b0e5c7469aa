//! Intake links, the client's side of them, and the inbox.

use troth_client_core::intake::{IntakeError, PinFault};
use troth_protocol::statement::SubmissionKind;

use super::rules;
use crate::language::Language;

messages! {
    form_refused(why: &str) = "This form cannot be used. {why}", "此表单无法使用。{why}";
    form_warning(item: &str, what: &str) = "Item {item}: {what}", "项目 {item}：{what}";
    no_such_form(form: &str, names: &str) = "There is no file {form}, nor does a form of that name come with the program. Its own are: {names}.",
        "没有文件 {form}，程序也不附带此名称的表单。程序自带：{names}。";
    made(title: &str, lane: &str, case: &str, until: &str) = "A link to \"{title}\" for {lane} of {case}. It takes answers until {until}.",
        "已为 {case} 的 {lane} 分区创建“{title}”的链接，可作答至 {until}。";
    send_it() = "Send it to this one person only: whoever has it can answer in their name. It is not shown again.",
        "请只发送给这一个人：持有链接者可以此人的名义作答。链接不会再次显示。";
    too_long_a_life() = "A link lives for a year at most: give an earlier --expires.", "链接最长有效一年：请给出更早的 --expires。";
    no_links() = "There are no intake links. Make one with `troth intake new`.", "没有登记链接。可用 `troth intake new` 创建。";
    links_head() = "id\tcase\tlane\tanswers\tuntil\tstands", "编号\t个案\t分区\t答复\t截止\t状态";
    waits() = "waits to be sent: `troth sync`", "等待发送：`troth sync`";
    revoked() = "revoked", "已撤销";
    open() = "open", "可作答";
    answered() = "answered", "已作答";
    expired() = "expired", "已过期";
    key_turned() = "closed: who could read the answers has changed; make a new one", "已关闭：能读取答复的人有变；请重新创建";
    reminder(until: &str) = "A reminder: a form is waiting for you, until {until}. Open it with the link that you were sent. If you cannot find it, ask whoever sent it for it.",
        "提醒：有一份表单等您填写，截止 {until}。请用发给您的链接打开；如找不到链接，请向发送者索取。";
    not_answered(case: &str, lane: &str, id: &str) = "{case}, {lane} ({id}): not answered yet. A message to copy, which tells nobody what it is about:",
        "{case}，{lane}（{id}）：尚未作答。可复制以下不透露任何内容的消息：";
    nobody_to_remind() = "Every open link was answered; there is nobody to remind.", "所有有效的链接均已作答，无需提醒。";
    takes_no_more() = "This link takes no answers any more: make a new one with `troth intake new`.", "此链接不再接受作答：请用 `troth intake new` 重新创建。";
    already_came(count: u64) = "This link takes no answers any more: some came through it ({count}). If yours was the last try and it was interrupted, they arrived: `troth intake status` and `troth intake copy` show them to whoever has the PIN. If somebody else has your link, tell whoever sent it.",
        "此链接不再接受作答：已通过它收到答复（{count} 次）。如果您上一次发送时中断，答复其实已送达：持 PIN 码可用 `troth intake status` 和 `troth intake copy` 查看。如果另有人持有您的链接，请告知发送者。";
    no_such_consent(name: &str, names: &str) = "This form asks for no consent \"{name}\". It asks for: {names}.", "此表单没有名为“{name}”的同意项。其同意项为：{names}。";
    receipt(size: u64, root: &str) = "The relay signed a ledger that holds it: {size} entries, {root}.", "中继已签署包含它的账本：共 {size} 条记录，{root}。";
    now_revoked() = "Revoked: the link takes no answers any more.", "已撤销：该链接不再接受作答。";
    several(wanted: &str) = "\"{wanted}\" fits several: write more of it.", "“{wanted}” 对应多项：请多写几位。";
    no_such_link(wanted: &str) = "There is no intake link \"{wanted}\" here: `troth intake list` lists them.",
        "这里没有登记链接“{wanted}”：请用 `troth intake list` 列出。";
    no_such_submission(wanted: &str) = "Nothing came under \"{wanted}\": sync, and list with `troth inbox list`.",
        "没有收到“{wanted}”：请同步，并用 `troth inbox list` 列出。";
    this_link() = "this link", "此链接";
    what_you_sent() = "what you sent", "您发送的内容";
    strange_answer() = "The relay answered something that makes no sense here: update this program, or tell whoever runs the relay.",
        "中继的应答在此没有意义：请更新本程序，或告知中继的管理者。";
    nothing_sent() = "Nothing was sent through this link yet, so there is nothing to ask for.", "尚未通过此链接发送任何内容，因此无可请求。";
    stretching() = "Working out your keys from the PIN; this takes a moment.", "正在由 PIN 码推导您的密钥，请稍候。";
    wrong_pin(left: usize) = "This is not the PIN. Tries left, for as long as the link lives: {left}.", "PIN 码不正确。此链接有效期内剩余尝试次数：{left}。";
    new_pin_prompt() = "Choose a PIN (six digits or more): you need it to see or change later what you sent",
        "请选择 PIN 码（至少六位数字）：以后查看或更改所发送内容时需要";
    pin_again() = "The same PIN again", "请再次输入相同的 PIN 码";
    pin_differs() = "The two PINs are not the same: run the command again.", "两次输入的 PIN 码不同：请重新运行命令。";
    pin_prompt(left: usize) = "Your PIN ({left} tries left)", "您的 PIN 码（剩余 {left} 次尝试）";
    no_pin() = "A PIN is needed: give it with --pin-file FILE.", "需要 PIN 码：请用 --pin-file 文件 提供。";
    no_checkpoint() = "The relay took it, but did not show a ledger that holds it and is signed with the key that the link names. Look again with `troth intake status`; if this stays so, tell whoever sent the link: the relay's key may have been turned since, or the relay is not the one that it says.",
        "中继已接收，但未出示包含它、并以链接所指密钥签名的账本。请用 `troth intake status` 再次查看；如仍如此，请告知发送链接的人：中继的密钥可能已更换，或中继并非其所称的中继。";
    sent(practice: &str, position: u64, submission: &str) = "Sent to {practice}, and kept. Receipt: entry {position}, {submission}.",
        "已发送给 {practice} 并已保存。回执：条目 {position}，{submission}。";
    not_kept() = "What you sent could not be kept for you to look at again; you can ask for a copy with `troth intake copy`.",
        "未能保留您所发送的内容供再次查看；可用 `troth intake copy` 索取副本。";
    answers_refused(why: &str) = "These answers do not hold: {why}", "这些答复不成立：{why}";
    asks(practice: &str, asker: &str, title: &str) = "{practice} ({asker}) asks: {title}.", "{practice}（{asker}）请您填写：{title}。";
    takes_until(until: &str) = "It takes answers until {until}.", "可作答至 {until}。";
    came_through(count: u64) = "Sent through this link so far: {count}.", "至今通过此链接发送：{count} 次。";
    you_sent(position: u64) = "What you sent (entry {position}):", "您发送的内容（条目 {position}）：";
    you_began() = "What you began and have not sent:", "您已开始而尚未发送的内容：";
    done() = "The practice has seen to it.", "机构已处理。";
    erased(position: u64) = "The practice has erased what you sent (ordered by entry {position} of its ledger).", "机构已删除您发送的内容（由其账本的条目 {position} 下令）。";
    copy(count: usize) = "The practice sent a copy of what you sent ({count}).", "机构发来了您所发送内容的副本（{count} 份）。";
    withdrawn() = "Withdrawn. The practice is told; look for its answer with `troth intake status`.", "已撤回，机构会得知；请用 `troth intake status` 查看其答复。";
    asked_for_copy() = "Asked for a copy. Look for it with `troth intake status`.", "已请求副本，请用 `troth intake status` 查看。";
    asked_for_erasure() = "Asked for erasure. Look for the answer with `troth intake status`.", "已请求删除，请用 `troth intake status` 查看答复。";
    inbox_empty() = "Nothing came through intake links.", "没有通过登记链接收到内容。";
    inbox_head() = "id\tcame\tcase\tlane\twhat\tstands", "编号\t收到\t个案\t分区\t内容\t状态";
    answers() = "answers", "答复";
    withdraw() = "withdraws consent", "撤回同意";
    wants_copy() = "asks for a copy", "索取副本";
    wants_erasure() = "asks for erasure", "请求删除";
    new() = "new", "新";
    accepted() = "done", "已处理";
    another_client() = "new; not by whoever answered first", "新；并非首次作答者";
    not_opened() = "does not open: erased, or not made as this program makes it", "无法打开：已删除，或并非由本程序生成";
    came(kind: &str, case: &str, lane: &str, at: &str) = "{case}, {lane}: {kind} ({at}).", "{case}，{lane}：{kind}（{at}）。";
    warn_another_client() = "NOT BY WHOEVER ANSWERED FIRST through this link: somebody else has it. Ask the client in another way before you rely on this.",
        "并非首次通过此链接作答的人：另有他人持有此链接。采信之前，请以其他方式向来访者确认。";
    different_sender() = "If it was the client, take them with --different-sender.", "如确为来访者本人，请加上 --different-sender 收入。";
    withdraws_all() = "Withdraws every consent that the form asked for.", "撤回表单中的所有同意。";
    withdraws(which: &str) = "Withdraws: {which}.", "撤回：{which}。";
    taken(lane: &str, case: &str) = "Taken into {lane} of {case}, with the consents.", "已收入 {case} 的 {lane} 分区，并记录同意。";
    withdrawal_taken() = "Recorded in the case, and the client is told.", "已记入个案，并已告知来访者。";
    copy_sent() = "A copy goes to the client, sealed to their PIN.", "副本已发给来访者，需其 PIN 码才能打开。";
    erase_needed(lane: &str, case: &str) = "Erasure is asked for. It destroys all of {lane} of {case}, what you wrote there too, for everybody and for good. If nothing obliges you to keep it, add --erase.",
        "来访者请求删除。这将为所有人永久销毁 {case} 的整个 {lane} 分区，包括您在其中所写的内容。如无保留义务，请加上 --erase。";
    ask_erase(lane: &str, case: &str) = "Destroy all of {lane} of {case}, for everybody? This cannot be undone.", "为所有人销毁 {case} 的整个 {lane} 分区？此操作无法撤回。";
    erasure_sent() = "Erased, and the client is told with the entry that ordered it.", "已删除，并已将下令的条目告知来访者。";
    not_a_link() = "This is not an intake link: copy the whole of it, from https:// to its end.", "这不是登记链接：请从 https:// 开始完整复制。";
    truncated() = "This link is not whole: copy it again from the message that it came in, to its very end.", "此链接不完整：请从收到的消息中重新复制，直到末尾。";
    link_version(version: &str) = "This link is of version {version}, which this program does not know: update the program.", "此链接为 {version} 版，本程序不认识：请更新程序。";
    not_behind_it() = "The server does not show what this link leads to: either the link was altered, or the server is not to be trusted. Nothing was sent; ask for a new link in another way.",
        "服务器显示的并非此链接所指内容：链接被改动，或服务器不可信。未发送任何内容；请以其他方式索取新链接。";
    link_erased() = "What this link led to was erased.", "此链接所指内容已被删除。";
    too_long(by: usize) = "What you wrote is too long to be sent, by {by} bytes: shorten the longest answer.", "您写的内容过长，超出 {by} 字节：请缩短最长的答复。";
    pin_short() = "Use a PIN of at least six digits or letters.", "PIN 码至少需六位数字或字母。";
    pin_long() = "Use a PIN of at most 64 digits or letters.", "PIN 码最多 64 位数字或字母。";
    pin_predictable() = "This PIN would be tried first: do not use one digit again and again, or digits in a row.", "这个 PIN 码会最先被猜到：请勿使用重复或连续的数字。";
    no_memory() = "There is not enough free memory for this: close other programs and try again.", "可用内存不足：请关闭其他程序后重试。";
    not_sealed(why: &str) = "Something sealed does not open or cannot be sealed: {why}", "密封内容无法打开或无法密封：{why}";
}

/// What came, in a word.
pub fn kind(language: Language, kind: SubmissionKind) -> String {
    match kind {
        SubmissionKind::Answers => answers(language),
        SubmissionKind::Withdraw => withdraw(language),
        SubmissionKind::Copy => wants_copy(language),
        SubmissionKind::Erase => wants_erasure(language),
    }
}

/// Why a link cannot be used.
pub fn error(language: Language, error: &IntakeError) -> String {
    match error {
        IntakeError::NotALink => not_a_link(language),
        IntakeError::Truncated => truncated(language),
        IntakeError::Version(version) => link_version(language, version),
        IntakeError::NotBehindIt => not_behind_it(language),
        IntakeError::Erased => link_erased(language),
        IntakeError::Closed(rule) => rules::refusal(language, *rule),
        IntakeError::TooLong(by) => too_long(language, *by),
        IntakeError::Pin(PinFault::TooShort) => pin_short(language),
        IntakeError::Pin(PinFault::TooLong) => pin_long(language),
        IntakeError::Pin(PinFault::Predictable) => pin_predictable(language),
        IntakeError::OutOfMemory => no_memory(language),
        IntakeError::Open(why) => not_sealed(language, &why.to_string()),
        IntakeError::Seal(why) => not_sealed(language, &why.to_string()),
    }
}

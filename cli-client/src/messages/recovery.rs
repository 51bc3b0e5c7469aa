//! Recovery: by a printed kit, or by two admins.

messages! {
    required() = "no recovery kit was tested on this device: if you lose your devices, you lose the records. Make one (`troth recovery kit`) and test it (`troth recovery test`); --skip-recovery goes on without.",
        "本设备上还没有核对过的恢复套件：一旦设备丢失，记录也会丢失。请制作一份（`troth recovery kit`）并核对它（`troth recovery test`）；--skip-recovery 可先跳过。";
    reminder() = "Reminder: no recovery kit was tested on this device. Make one (`troth recovery kit`) and test it (`troth recovery test`) before you rely on these records.",
        "提醒：本设备上还没有核对过的恢复套件。在依赖这些记录之前，请制作一份（`troth recovery kit`）并核对它（`troth recovery test`）。";
    kit_offline() = "a recovery kit is worth nothing before the relay has it: leave --offline out.",
        "在中继收到之前，恢复套件毫无用处：请去掉 --offline。";
    kit_not_made(relay: &str) = "No recovery kit was made: the relay {relay} cannot be reached or cannot take it now, and a kit is worth nothing before the relay has it. Run `troth recovery kit` again when it is back.",
        "未制作恢复套件：现在无法连接中继 {relay}，或它无法接受；在中继收到之前，套件毫无用处。请在它恢复后再次运行 `troth recovery kit`。";
    kit_lost(relay: &str, kit: &str) = "The relay {relay} was lost before it confirmed the kit {kit}: its words are not shown, and nobody has them. Run `troth sync`, revoke that kit if `troth recovery list` shows it (`troth device revoke {kit}`), and make another.",
        "中继 {relay} 在确认套件 {kit} 之前断开：它的词未显示，也没有人持有。请运行 `troth sync`；若 `troth recovery list` 列出了该套件，请撤销它（`troth device revoke {kit}`），然后另做一份。";
    kit_unwritten(file: &str, why: &str, kit: &str) = "the kit {kit} was added, but its sheet could not be written to {file} ({why}), and nobody has its words: revoke it (`troth device revoke {kit}`) and make another.",
        "套件 {kit} 已添加，但无法写入 {file}（{why}），没有人持有它的词：请撤销它（`troth device revoke {kit}`），然后另做一份。";
    kit_written(file: &str) = "The recovery kit is in {file}.", "恢复套件已写入 {file}。";
    kit_print() = "Print it and delete the file: whoever has it can read all that you can. Then show that the paper can be read: `troth recovery test`.",
        "请打印后删除该文件：得到它的人能读到您能读到的一切。然后用 `troth recovery test` 证明纸上的词可以读出。";
    kit_copy() = "Copy the words onto paper now, and clear this screen: they are kept nowhere else and cannot be shown again. Then show that the paper can be read: `troth recovery test`.",
        "请立即把这些词抄到纸上，然后清空屏幕：别处没有保存，也无法再次显示。然后用 `troth recovery test` 证明纸上的词可以读出。";
    kit_others(kits: &str) = "Earlier kits of yours still work: {kits}. Revoke those that this one replaces (`troth device revoke KIT`).",
        "您先前的套件仍然有效：{kits}。请撤销被本套件取代的那些（`troth device revoke 套件`）。";
    words_prompt(count: usize) = "The words of the kit, in order ({count} of 24 so far)", "按顺序输入套件的词（24 个词中已有 {count} 个）";
    words_needed() = "the words of the kit are needed: run this in a terminal to be asked for them, or give --words-file FILE (`-` reads them from standard input).",
        "需要套件的词：请在终端中运行以便输入，或用 --words-file 文件 提供（`-` 表示从标准输入读取）。";
    no_kit() = "you have no recovery kit yet: make one with `troth recovery kit`.", "您还没有恢复套件：请用 `troth recovery kit` 制作。";
    tested(kit: &str) = "These are the words of your recovery kit {kit}. It works: keep it safe.",
        "这是您的恢复套件 {kit} 的词。它有效：请妥善保管。";
    used(practice: &str, member: &str, device: &str) = "This computer is a device of {member} in {practice} now: {device}.",
        "这台电脑现已是 {member} 在 {practice} 的设备：{device}。";
    back(cases: usize, documents: usize) = "Back are {cases} cases, {documents} documents.", "已取回 {cases} 个个案，{documents} 份文档。";
    used_others(devices: &str) = "These devices of yours still have access: {devices}. Revoke those that you no longer have (`troth device revoke DEVICE`; with --compromised if somebody else may have them).",
        "您的这些设备仍有访问权：{devices}。请撤销已不在您手中的设备（`troth device revoke 设备`；若可能落入他人之手，请加 --compromised）。";
    used_kit() = "The kit still works: put it back. If somebody may have seen it, make another (`troth recovery kit`) and revoke it.",
        "套件仍然有效：请放回原处。若可能已被他人看到，请另做一份（`troth recovery kit`）并撤销它。";
    used_cut(relay: &str) = "The relay {relay} was lost before this computer was added. Run the same command again.",
        "中继 {relay} 在添加这台电脑之前断开。请再次运行同一命令。";
    kit_revoked() = "this kit was revoked meanwhile: use a newer one, or ask an admin of your practice to recover you (`troth recovery ask`).",
        "该套件已被撤销：请使用较新的套件，或请机构的管理员为您恢复（`troth recovery ask`）。";
    by_kit(member: &str, device: &str) = "{member} HAS A NEW DEVICE, ADDED WITH A RECOVERY KIT: {device}. If {member} knows nothing of it, somebody else has that kit: revoke the device (`troth device revoke {device} --compromised`) and the kit, or tell an admin.",
        "{member} 用恢复套件添加了一台新设备：{device}。若 {member} 对此毫不知情，说明他人持有该套件：请撤销该设备（`troth device revoke {device} --compromised`）和该套件，或告知管理员。";
    ask_shown() = "Read this code to an admin of your practice, who types it (`troth recovery propose CODE MEMBER`). It works once, for ten minutes. Waiting…",
        "请把此代码读给机构的一位管理员，由其输入（`troth recovery propose 代码 成员`）。代码只能使用一次，十分钟内有效。正在等待……";
    ask_expired() = "nobody typed the code within ten minutes: run `troth recovery ask` again for a new one.",
        "十分钟内没有人输入代码：请重新运行 `troth recovery ask` 获取新代码。";
    asked(device: &str) = "Your recovery onto this device, {device}, is proposed. Once another admin has approved it (or, after the wait, the one who proposed it), run `troth sync` here.",
        "已提议将您恢复到本设备 {device}。待另一位管理员批准后（或等待期过后由提议者批准），请在此运行 `troth sync`。";
    waits() = "The practice does not know this device yet. If its recovery is proposed, it waits for an admin's approval, or was stopped: ask them, and run `troth sync` again. Otherwise begin anew, with `troth device join` or `troth recovery`.",
        "机构还不认识本设备。若已提议恢复，则它正在等待管理员批准，或已被阻止：请询问管理员，然后再次运行 `troth sync`。否则请用 `troth device join` 或 `troth recovery` 重新开始。";
    propose_self() = "nobody proposes their own recovery: ask another admin.", "不能提议恢复自己：请让另一位管理员操作。";
    proposed(recovery: &str, member: &str) = "The recovery of {member} is proposed: {recovery}.", "已提议恢复 {member}：{recovery}。";
    proposed_next(recovery: &str, ripe: &str) = "Another admin may approve it at any time (`troth recovery approve {recovery}`), you from {ripe} on. Every member sees it until then, and may have it stopped.",
        "另一位管理员可随时批准（`troth recovery approve {recovery}`），您自 {ripe} 起可以批准。在此之前每位成员都能看到它，并可要求阻止。";
    decide_offline() = "what is decided now may have been stopped meanwhile: leave --offline out.", "要决定的事项可能已被阻止：请去掉 --offline。";
    not_approved(relay: &str) = "Nothing was approved: the relay {relay} cannot be reached or cannot take it now, and the recovery may have been stopped meanwhile. Run the same command again when it is back.",
        "未批准任何内容：现在无法连接中继 {relay}，或它无法接受；该恢复可能已被阻止。请在它恢复后再次运行同一命令。";
    approve_early(ripe: &str) = "you proposed this recovery: another admin may approve it at any time, you from {ripe} on (R30).",
        "该恢复由您提议：另一位管理员可随时批准，您自 {ripe} 起可以批准（R30）。";
    approve_self() = "nobody approves their own recovery: ask another admin (R30).", "不能批准对自己的恢复：请让另一位管理员操作（R30）。";
    approve_ask(member: &str, proposer: &str) = "Give {member} a new device, as {proposer} proposed? All of their present devices and kits are revoked; this cannot be undone.",
        "按 {proposer} 的提议给予 {member} 新设备？其现有的全部设备和套件都会被撤销；此操作无法撤回。";
    approved(member: &str) = "{member} is recovered: all of their earlier devices and kits are revoked. They run `troth sync` on the new device.",
        "{member} 已恢复：其先前的全部设备和套件均已撤销。请其在新设备上运行 `troth sync`。";
    approval_waits(member: &str) = "The recovery of {member} is approved once this reaches the relay: run `troth sync` as soon as you can.",
        "此批准到达中继后，{member} 的恢复才会生效：请尽快运行 `troth sync`。";
    stopped(member: &str) = "The recovery of {member} is stopped: nothing comes of it.", "对 {member} 的恢复已被阻止：它不会生效。";
    stop_waits(member: &str) = "The recovery of {member} can still be approved until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，对 {member} 的恢复仍可能被批准：请尽快运行 `troth sync`。";
    nothing_to_resume() = "The relay has everything that it ever signed for this practice: there is nothing to resume.",
        "中继拥有它为本机构签署过的全部内容：无需恢复账本。";
    relay_restored(size: u64, newest: &str) = "THE RELAY WAS RESTORED FROM AN OLDER BACKUP: it has {size} entries, the newest that this device knows of them from {newest}.",
        "中继是从较旧的备份恢复的：它有 {size} 条记录，其中本设备已知最新的一条来自 {newest}。";
    relay_lost(lost: u64, held: usize) = "  It had signed {lost} entries more. This device holds {held} of those and gives them back; your other devices and your colleagues' give back what they hold, as each comes online.",
        "  它曾多签署 {lost} 条记录。本设备持有其中 {held} 条并会归还；您的其他设备和同事的设备上线时，也会各自归还所持有的内容。";
    nothing_known_lost() = "  No device has shown yet that anything is lost. Whatever a device still has goes back to the relay when it comes online.",
        "  目前没有设备显示有内容丢失。设备上仍有的内容会在其上线时归还给中继。";
    resume_behind() = "  This device had not come as far as the relay's backup: if another admin's device is further, order it there.",
        "  本设备的进度还不及中继的备份：若另一位管理员的设备更新，请在那台设备上操作。";
    resume_warning() = "  Ask whoever runs the relay whether they restored it, and which backup: if they did not, do not go on, and tell your colleagues. Your word stands in the ledger, and every device shows it.",
        "  请向中继的管理者确认是否做过恢复、用的是哪份备份：若没有，请不要继续，并告知同事。您的决定会写入账本，每台设备都会显示。";
    unknown_time() = "an unknown time", "未知时间";
    resume_ask(size: u64) = "Let the practice go on from the {size} entries that the relay has?", "让机构从中继现有的 {size} 条记录继续？";
    not_resumed() = "the ledger was not resumed: another admin may have done so meanwhile. Run `troth sync`, then `troth practice status`.",
        "账本未恢复：另一位管理员可能已经做了。请运行 `troth sync`，再运行 `troth practice status`。";
    resumed(size: u64) = "The practice goes on: the ledger has {size} entries, with what this device gave back.",
        "机构继续运行：账本有 {size} 条记录，包含本设备归还的内容。";
    not_back(count: usize) = "Entries that the relay lost and that could not go back yet: {count}. They are kept here and tried again at every sync; some may wait for a device that holds what they follow.",
        "中继丢失且尚未能归还的记录：{count} 条。它们保存在本设备上，每次同步都会重试；有些可能要等持有其前文的设备上线。";
    resumed_next() = "Now let every device of the practice sync (`troth sync`), the sooner the better: what only one device has comes back with it alone.",
        "现在请让机构的每台设备同步（`troth sync`），越早越好：只有某台设备持有的内容，只能由它归还。";
    was_resumed(by: &str, abandoned: u64, kept: u64) = "THE RELAY WAS RESTORED FROM AN OLDER BACKUP, and {by} let the practice go on: it had {kept} of at least {abandoned} entries left. What this device has of the rest goes back to it. If {by} knows nothing of it, stop and tell the others.",
        "中继是从较旧的备份恢复的，{by} 已让机构继续运行：它保留了至少 {abandoned} 条记录中的 {kept} 条。本设备持有的其余内容会归还给它。若 {by} 对此毫不知情，请停止使用并告知其他人。";
    kits_head() = "kit\ttested here", "套件\t已在此核对";
    kits_none() = "You have no recovery kit: make one with `troth recovery kit`.", "您没有恢复套件：请用 `troth recovery kit` 制作。";
    yes() = "yes", "是";
    no() = "no", "否";
    open_head() = "recovery\tof\tproposed by\tproposed on\talone from", "恢复\t成员\t提议者\t提议时间\t可单独批准时间";
    open(member: &str, proposer: &str, proposed: &str, recovery: &str) = "RECOVERY PROPOSED: {proposer} wants to give {member} a new device and revoke all others (proposed {proposed}, {recovery}).",
        "有一项恢复提议：{proposer} 要给予 {member} 一台新设备并撤销其余全部设备（提议于 {proposed}，{recovery}）。";
    open_when(proposer: &str, ripe: &str) = "  It takes effect when another admin approves it, or when {proposer} does from {ripe} on.",
        "  它在另一位管理员批准时生效，或自 {ripe} 起由 {proposer} 批准时生效。";
    open_stop(member: &str, recovery: &str) = "  If {member} did not ask for it, an admin or {member} stops it: `troth recovery stop {recovery}`.",
        "  若 {member} 没有提出请求，管理员或 {member} 可以阻止它：`troth recovery stop {recovery}`。";
}

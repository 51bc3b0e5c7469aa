//! The practice, and the first steps.

messages! {
    founded(name: &str, id: &str) = "The practice {name} is founded: {id}.", "机构 {name} 已创建：{id}。";
    founded_next() = "Next, make a recovery kit (`troth recovery kit`) and test it (`troth recovery test`), and link a second device (`troth device join` on it): without either, losing this device loses the records.",
        "接下来请制作恢复套件（`troth recovery kit`）并核对它（`troth recovery test`），再关联第二台设备（在其上运行 `troth device join`）：若两者都没有，丢失本机就会丢失记录。";
    not_founded(relay: &str, why: &str) = "The practice could not be founded: the relay {relay} cannot be reached ({why}). Run the same command again.",
        "机构未能创建：无法连接中继 {relay}（{why}）。请再次运行同一命令。";
    entering() = "Waiting for whoever invited you: they should be at `troth member confirm` now; stop with Ctrl-C…",
        "正在等待邀请您的人：对方此时应运行 `troth member confirm`；按 Ctrl-C 停止……";
    compare() = "Read this code to whoever invited you, by phone or in person. They let you in if their device shows the same. Waiting…",
        "请通过电话或当面把此代码读给邀请您的人听。若对方设备显示的代码相同，对方会让您加入。正在等待……";
    joined(practice: &str, role: &str) = "You belong to {practice} now, as {role}.", "您现已属于 {practice}，角色为{role}。";
    turned_away() = "you were turned away: whoever invited you found that the codes differ, or did not expect you. Call them, and ask for a new invitation.",
        "您被拒绝了：邀请您的人认为代码不同，或没有在等您。请致电对方，索取新的邀请。";
    spent() = "this code was used within the last ten minutes (R53), and each attempt takes that long to be forgotten. Wait ten minutes and run the same command again, or ask for a new invitation.",
        "此代码在最近十分钟内被用过（R53），每次尝试都要过十分钟才会失效。请等十分钟后再次运行同一命令，或索取新的邀请。";
    nobody() = "nobody let you in within ten minutes (R53): the invitation may be used, withdrawn or more than a week old, or whoever sent it was not there. Agree on a time with them (they run `troth member confirm`), then run the same command again, or ask for a new invitation.",
        "十分钟内没有人让您加入（R53）：邀请可能已使用、已撤回或已超过一周，或对方当时不在。请与对方约好时间（由对方运行 `troth member confirm`），再次运行同一命令，或索取新的邀请。";
    not_let_in() = "the code was compared, and no answer has come yet: ask whoever invited you whether they let you in. Run the same command again to go on waiting, with the same code; nothing is lost. They answer again when they run `troth member confirm`.",
        "代码已显示，但尚未收到答复：请询问邀请您的人是否已让您加入。再次运行同一命令即可用同一代码继续等待，不会丢失任何内容。对方运行 `troth member confirm` 时会再次答复。";
    over_closed() = "this invitation was withdrawn, or used already: it lets nobody in. Ask whoever sent it for a new one.",
        "此邀请已撤回或已使用，不再能让任何人加入。请向发送者索取新的邀请。";
    over_expired() = "this invitation is more than a week old: it lets nobody in. Ask whoever sent it for a new one.",
        "此邀请已超过一周，不再能让任何人加入。请向发送者索取新的邀请。";
    over_not_permitted() = "whoever made this invitation may not let people in any more. Ask another admin of the practice for a new one.",
        "发出此邀请的人已无权让人加入。请向机构的另一位管理员索取新的邀请。";
    over_failed() = "the practice did not take you in: whoever invited you sees why. Call them, and ask for a new invitation.",
        "机构未能接纳您：邀请您的人可以看到原因。请致电对方，索取新的邀请。";
    default_device() = "first device", "第一台设备";
    status_name() = "practice", "机构";
    status_as() = "you", "您";
    status_relay() = "relay", "中继";
    status_device() = "this device", "本设备";
    status_devices() = "active devices", "有效设备";
    status_entries() = "ledger", "账本";
    status_verified(size: u64, at: &str) = "entries: {size}, verified up to {at}", "{size} 条记录，已验证至 {at}";
    status_waiting() = "waiting to be sent", "待发送";
    status_aside() = "set aside for review", "搁置待查看";
    policy_custodian() = "process notes, once their author has left", "作者离开后的过程笔记";
    policy_nobody() = "lost with their author", "随作者一同失去";
    policy_wait() = "an admin who recovers somebody alone waits", "单独恢复成员的管理员须等待";
    policy_hours(hours: u64) = "{hours} hours", "{hours} 小时";
    policy_witnesses() = "witnesses of the ledger", "账本的见证者";
    policy_no_witnesses() = "none", "无";
    policy_quorum(quorum: usize, count: usize) = "{quorum} of {count} must have cosigned", "{count} 个中须有 {quorum} 个联署";
    no_witness_key(name: &str) = "the key of {name} is a log's: a witness prints its own when it starts (`troth-server witness`).",
        "{name} 的密钥属于日志：见证者启动时会打印自己的密钥（`troth-server witness`）。";
    too_many_witnesses(most: usize) = "There are at most {most} witnesses, and no more can be asked to have cosigned than are named.",
        "见证者最多 {most} 个，且要求联署的数量不得超过所列的见证者。";
    policy_from_now() = "This holds for process notes that are begun, and recoveries that are proposed, from now on.",
        "这适用于从现在起开始的过程笔记和提出的恢复。";
    policy_waits() = "Nothing has changed until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前一切不变：请尽快运行 `troth sync`。";
    no_custodian_that(member: &str) = "{member} is neither an admin nor a counselor, and keeps no process notes: name one who is, or change their role (`troth member role`).",
        "{member} 既不是管理员也不是咨询师，不保管过程笔记：请指定其他人，或更改其角色（`troth member role`）。";
    no_ledger_key(text: &str) = "{text:?} is no ledger key: give the one that `troth-server new-key` printed on the relay's machine, 64 characters or name+id+base64.",
        "{text:?} 不是账本密钥：请给出中继机器上 `troth-server new-key` 打印的密钥，64 个字符或 name+id+base64 的形式。";
    ledger_key_offline() = "The relay's new key is heard from the relay: run this again without --offline.",
        "中继的新密钥须由中继告知：请去掉 --offline 再次运行。";
    ledger_key_from(from: u64) = "signs from entry {from} on", "自第 {from} 条起签署";
    ledger_key_offered() = "offered by the relay", "中继提供的新密钥";
    ledger_key_compare(key: &str) = "The relay has made a new key. Compare it with what whoever runs the relay reads out to you, then run `troth practice ledger-key --turn {key}`.",
        "中继生成了新密钥。请与中继运营者读给您的密钥核对，然后运行 `troth practice ledger-key --turn {key}`。";
    ledger_key_other(key: &str) = "The relay offers another key than that: {key}. Ask whoever runs the relay which one is theirs, and turn to no other: whoever holds it signs the ledger.",
        "中继提供的是另一个密钥：{key}。请询问中继运营者哪一个是他们的，不要转向其他密钥：持有者将签署账本。";
    ledger_key_none() = "The relay offers no new key: whoever runs it makes one with `troth-server new-key`, and then starts the relay anew.",
        "中继没有提供新密钥：请中继运营者用 `troth-server new-key` 生成，然后重新启动中继。";
    ledger_key_retired() = "The ledger was signed with that key before, and turned away from it: no ledger goes back to a key. Have whoever runs the relay make a new one (`troth-server new-key`).",
        "账本曾用该密钥签署，之后已更换：账本不会回到旧密钥。请中继运营者生成新密钥（`troth-server new-key`）。";
    ledger_key_turned() = "From now on only this key signs the ledger. Whoever verifies exports needs it, and each witness has to follow it (`troth-server witness --log`).",
        "从现在起只有此密钥签署账本。验证导出账本的人需要它，每个见证者也须改为跟随它（`troth-server witness --log`）。";
    never() = "never", "从未";
}

//! Members, and how somebody becomes one.

messages! {
    admin() = "admin", "管理员";
    counselor() = "counselor", "咨询师";
    client() = "client", "来访者";
    auditor() = "auditor", "审计员";
    left() = "left", "已离开";
    you() = "you", "您";
    unnamed() = "(no name here)", "（此处无姓名）";
    list_head() = "id\tname\trole\tdevices\tkits", "标识\t姓名\t角色\t设备\t恢复套件";
    invites_head() = "invitation\tfor\topen until\tmade", "邀请\t角色\t有效期至\t来源";
    by_this() = "on this device", "本设备";
    by_another() = "on another device", "其他设备";
    invited(role: &str, id: &str) = "Send this code to whoever is to join as {role}. It works once, for a week. Invitation: {id}.",
        "请将此代码发给要以 {role} 身份加入的人。代码只能使用一次，一周内有效。邀请：{id}。";
    waiting() = "Waiting for them to run `troth practice join` with the code; stop with Ctrl-C…",
        "正在等待对方用代码运行 `troth practice join`；按 Ctrl-C 停止……";
    later(id: &str) = "Nobody has come yet. The invitation stays open: wait for them with `troth member confirm {id}`.",
        "尚无人前来。邀请仍然有效：请用 `troth member confirm {id}` 继续等待。";
    nobody() = "nobody came: agree on a time with them, then run this while they run `troth practice join`.",
        "没有人前来：请与对方约好时间，在对方运行 `troth practice join` 时运行此命令。";
    compare(name: &str, code: &str) = "Somebody is there, and calls themselves {name}. Ask them, by phone or in person, which code their device shows. This device shows {code}",
        "有人前来，自称 {name}。请通过电话或当面询问其设备显示的代码。本设备显示 {code}";
    ask(name: &str) = "Is it {name}, and are the codes the same?", "对方确实是 {name}，且代码相同吗？";
    compare_needed() = "nobody is here to compare the code: run this in a terminal, or give --compare - and write the code that the other device shows to standard input.",
        "没有人可以对照代码：请在终端中运行，或使用 --compare - 并把另一台设备显示的代码写入标准输入。";
    added(name: &str, id: &str) = "{name} is a member now: {id}.", "{name} 现已成为成员：{id}。";
    declined(name: &str) = "{name} was turned away, and learned nothing. The invitation is still open: its code works again in ten minutes, or withdraw it with `troth member withdraw`.",
        "{name} 已被拒绝，什么也没有得到。邀请仍然有效：其代码十分钟后可再次使用，也可用 `troth member withdraw` 撤回。";
    differs(name: &str) = "the codes differ, so {name} was turned away and learned nothing: somebody may be in between, or the code was misread. Withdraw the invitation (`troth member withdraw`), make a new one, and send it by another way.",
        "代码不同，因此 {name} 已被拒绝，什么也没有得到：可能有人从中拦截，或代码读错了。请撤回邀请（`troth member withdraw`），重新邀请，并换一种方式发送。";
    spent() = "somebody used this code within the last ten minutes, and it came to nothing (R53). Wait ten minutes and run this again, or name another invitation (`troth member list`), or make a new one with `troth member invite`.",
        "最近十分钟内有人用过此代码，但未完成（R53）。请等十分钟后再次运行，或指定另一个邀请（`troth member list`），或用 `troth member invite` 重新邀请。";
    one_spent(invite: &str) = "At the invitation {invite} somebody else answered in this device's place, or what came was damaged (R53): withdraw it, and make a new one. The others are still waited for.",
        "邀请 {invite} 处有他人冒充本设备应答，或收到的内容已损坏（R53）：请撤回该邀请并重新邀请。仍在等待其他邀请。";
    over_closed() = "somebody came with an invitation that was withdrawn, or used already, and was told so. If they are to join, invite them anew: `troth member invite`.",
        "有人持已撤回或已使用的邀请前来，已告知对方。若要让其加入，请重新邀请：`troth member invite`。";
    over_expired() = "somebody came with an invitation that is more than a week old, and was told so. If they are to join, invite them anew: `troth member invite`.",
        "有人持超过一周的邀请前来，已告知对方。若要让其加入，请重新邀请：`troth member invite`。";
    over_not_permitted() = "you may not let people in any more, and whoever came was told so: another admin has to invite them.",
        "您已无权让人加入，已告知前来的人：须由另一位管理员邀请。";
    over_failed() = "the practice did not take the new member (`troth sync` says why), and they were told so. Invite them anew: `troth member invite`.",
        "机构未能接纳新成员（`troth sync` 会说明原因），已告知对方。请重新邀请：`troth member invite`。";
    withdrawn(id: &str) = "The invitation {id} is withdrawn: its code lets nobody in.", "邀请 {id} 已撤回：其代码不再能让任何人加入。";
    withdrawal_waits(id: &str) = "The invitation {id} stays open until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，邀请 {id} 仍然有效：请尽快运行 `troth sync`。";
    role_changed(member: &str, role: &str) = "{member} is {role} now.", "{member} 现在是{role}。";
    role_same(member: &str, role: &str) = "{member} is {role} already.", "{member} 已经是{role}。";
    role_waits(member: &str) = "{member} keeps their role until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，{member} 的角色不变：请尽快运行 `troth sync`。";
    remove_self() = "that is you: ask another admin to remove you.", "那是您自己：请让另一位管理员移除您。";
    remove_ask(member: &str) = "Remove {member} with all their devices? They will read nothing that is written from now on; this cannot be undone.",
        "移除 {member} 及其所有设备？此后写入的内容其都无法读取；此操作无法撤回。";
    takes_sensitive(member: &str) = "{member} is the only admin who can open what is sensitive for the admins. Unless they hand it on first, what only they can open stays closed for good: have them open it once with their second passphrase while this practice has another admin, and run `troth sync`.",
        "只有 {member} 能为管理员打开敏感内容。若其不先交出密钥，只有其能打开的内容将永远无法打开：请在本机构另有管理员时，让其用第二口令打开一次，并运行 `troth sync`。";
    remove_dry(member: &str, devices: usize, kits: usize, documents: usize) = "{member} would be removed (devices: {devices}, recovery kits: {kits}; documents whose key turns at once: {documents}; all others turn before their next edit). Nothing was done.",
        "将移除 {member}（设备：{devices}，恢复套件：{kits}；立即更换密钥的文档：{documents}；其余文档在下次编辑之前更换）。未做任何更改。";
    turning() = "Turning keys", "正在更换密钥";
    removed(member: &str) = "{member} is removed: they read nothing that is written from now on. What they had read before, they may still hold.",
        "{member} 已被移除：此后写入的内容其都无法读取。其之前读过的内容可能仍在其手中。";
    removal_waits(member: &str) = "{member} keeps their access until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，{member} 仍可访问：请尽快运行 `troth sync`。";
}

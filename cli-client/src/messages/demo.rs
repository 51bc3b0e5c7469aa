//! The story that `troth demo` tells.

messages! {
    relay(url: &str) = "A relay listens on {url}, with its default store.", "中继已在 {url} 上运行，使用默认存储。";
    founded(practice: &str, counselor: &str) = "{counselor} founds the practice {practice}: to the relay, a random number.",
        "{counselor} 创建了机构 {practice}：在中继看来只是一个随机数。";
    linked(phone: &str) = "A second device joins by a code that works once: {phone}.", "第二台设备凭一次性代码加入：{phone}。";
    kit(words: usize) = "A recovery kit is made, {words} words for paper, and they are typed again: they are the kit that the ledger knows, and no others are.",
        "制作了恢复套件，即供打印的 {words} 个词；再次输入后，证实它们正是账本所认识的套件，其他的词都不是。";
    case(case: &str) = "A case is opened for a couple, {case}: six lanes, each encrypted under a key of its own; both devices read it.",
        "为一对伴侣建立了个案 {case}：六个分区各用自己的密钥加密；两台设备都能读取。";
    colleague(name: &str, code: &str) = "A second counselor is invited, and both screens show the same code, {code}: {name} is a member, knows the others' names, and sees no case.",
        "邀请了第二位咨询师，双方屏幕显示相同的代码 {code}：{name} 成为成员，知道其他人的姓名，但看不到任何个案。";
    shared(name: &str) = "The joint record is shared with {name}, to read: that is what they read, from its beginning, and nothing of what a partner said alone.",
        "共同记录以只读方式共享给 {name}：对方能从头读取它，但读不到伴侣单独所说的任何内容。";
    offline() = "Both devices are offline, and change the same note and the same field.",
        "两台设备都离线，并修改了同一份笔记和同一个字段。";
    converged() = "They sync, and hold the same document; both edits are kept:", "同步后，两台设备的文档相同；两处编辑都保留了：";
    both_values(field: &str) = "\"{field}\" was set differently: both values are shown until someone chooses.",
        "“{field}” 被设成了不同的值：两个值都会显示，直到有人选定。";
    chosen(value: &str) = "One is chosen, and both devices agree: {value}.", "选定其一后，两台设备一致：{value}。";
    intake(client: &str, position: u64) = "A link is sent to {client}, who has no account: he reads what is asked, chooses a PIN and answers. The relay, which sees neither, signs that it has it: entry {position}.",
        "向没有账户的 {client} 发送了链接：他查看所问内容、选择 PIN 码并作答。中继两者都看不到，但签名确认已收到：条目 {position}。";
    link_found() = "Whoever finds the link and guesses the PIN sees no answer, and has nine tries left for as long as it lives.",
        "捡到链接并猜测 PIN 码的人看不到任何答复，且在链接有效期内只剩九次尝试。";
    accepted(client: &str) = "The counselor opens the answers, holds them against the form, and takes them into {client}'s own lane; his consent stands in the case with his own signature.",
        "咨询师打开答复、对照表单核验，并收入 {client} 自己的分区；他的同意连同其本人签名记入个案。";
    revoked(phone: &str) = "{phone} is revoked. Opened again with its passphrase, it is turned away by the relay and gets nothing.",
        "{phone} 被撤销。用其口令重新打开后，它被中继拒绝，什么也得不到。";
    collusion(phone: &str) = "Even a relay on its side does not help {phone}: given every entry that there is, it cannot read what was written since.",
        "即使中继与它串通也无济于事：{phone} 拿到了全部记录，仍无法读取此后写入的内容。";
    verified(size: u64, signatures: u64) = "The device verifies the ledger from genesis: {size} entries, {signatures} signatures.",
        "设备从创始起验证了账本：{size} 条记录，{signatures} 个签名。";
    audited(entries: u64) = "The relay, stopped, verifies what it stored: {entries} entries, every payload and hash.",
        "中继停止后验证了它所存储的内容：{entries} 条记录，每份内容和每个哈希。";
    control(needles: usize) = "The search works: it finds the practice's number in the relay's files, and, where they are planted, all {needles} forms of the story's secrets.",
        "搜索有效：它在中继的文件中找到了机构的编号，也能找到故意放入的全部 {needles} 种秘密形式。";
    nothing_to_read(bytes: usize, files: usize, entries: usize) = "Of every name, note, value, passphrase and code of this story, nothing is in the {bytes} bytes that the relay stored ({files} files, as it ran and once it had stopped; {entries} entries).",
        "这个故事中的姓名、笔记、字段值、口令和代码，在中继存储的 {bytes} 字节（运行中及停止后共 {files} 个文件，{entries} 条记录）中一个也没有。";
    secret_found(secret: &str, form: &str, place: &str) = "\"{secret}\" is on the relay, as {form}, in {place}",
        "“{secret}” 以 {form} 的形式出现在中继的 {place} 中";
    all_holds(claims: usize) = "All {claims} claims hold.", "全部 {claims} 项声明均成立。";
    kept(dir: &str) = "Everything is in {dir}. Look around: troth --home {dir}/laptop --passphrase-file {dir}/laptop.passphrase --offline case list",
        "全部内容都在 {dir}。可以看看：troth --home {dir}/laptop --passphrase-file {dir}/laptop.passphrase --offline case list";
    broken(claim: &str, words: &str) = "THIS DOES NOT HOLD ({claim}): {words}", "这一项不成立（{claim}）：{words}";
    stuck(why: &str) = "the story cannot go on: {why}", "故事无法继续：{why}";
    not_empty(dir: &str) = "{dir} is not empty: choose another directory to keep the demo in.", "{dir} 不是空目录：请为演示另选一个目录。";
}

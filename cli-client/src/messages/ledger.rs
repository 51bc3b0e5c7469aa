//! The ledger.

messages! {
    status_origin() = "relay", "中继";
    status_key() = "relay's key", "中继公钥";
    status_size() = "entries", "记录数";
    status_root() = "root", "根";
    status_checkpoint() = "newest checkpoint", "最新检查点";
    status_witnessed() = "newest witnessed checkpoint", "最新见证检查点";
    witnessed_none() = "this practice names no witnesses (`troth practice policy --witness`)", "本机构未指定见证者（`troth practice policy --witness`）";
    witnessed_never() = "none yet: nobody but the relay has vouched for this history", "尚无：除中继外无人为此历史作证";
    witnessed_at(size: u64, at: &str, age: &str) = "{size} entries, {at} ({age} ago)", "{size} 条，{at}（{age}前）";
    minutes(n: u64) = "{n} min", "{n} 分钟";
    hours(n: u64) = "{n} h", "{n} 小时";
    days(n: u64) = "{n} days", "{n} 天";
    status_phase() = "this device", "本设备";
    phase_ok() = "in order", "正常";
    phase_halted() = "stopped: revoked, or its relay is dishonest", "已停止：被撤销，或其中继不诚实";
    review_head() = "Set aside for review:", "搁置待查看：";
    verified(size: u64, signatures: u64, seen: u64, hidden: u64) = "Verified from genesis. Entries: {size}, signatures: {signatures}. Read here: {seen}; others', known by their hashes: {hidden}.",
        "已从创始起全部验证：{size} 条记录，{signatures} 个签名。本机读取 {seen} 条，另有 {hidden} 条属于他人，仅知其哈希。";
    not_verified(why: &str) = "the ledger does not verify: {why}", "账本未通过验证：{why}";
    export_too_long(file: &str, mib: u64) = "{file} is longer than the {mib} MiB that an exported ledger may have, and was not read: check that it is the file that `troth ledger export` wrote.",
        "{file} 超过了导出账本的上限 {mib} MiB，未读取：请确认它是 `troth ledger export` 写出的文件。";
    log_head() = "position\treceived\tkind\tby\tabout\twhat", "位置\t时间\t类型\t签署者\t对象\t内容";
    empty() = "Nothing is in the ledger yet.", "账本中还没有内容。";
    exported(path: &str, key: &str) = "Written: {path}. Anyone can verify it: troth ledger verify --file {path} --key {key}",
        "已写入：{path}。任何人都可以验证：troth ledger verify --file {path} --key {key}";
    bad_key() = "that is no verifier key: copy it whole from `troth ledger status`, in the form name+12345678+base64, or as 64 hexadecimal digits.",
        "这不是验证公钥：请从 `troth ledger status` 完整复制，形如 name+12345678+base64，或 64 个十六进制数字。";
    two_roots(size: u64, first: &str, second: &str) = "One relay key signed two different ledgers of {size} entries:\n  {first}\n  {second}",
        "同一个中继密钥签署了两份不同的账本，都有 {size} 条记录：\n  {first}\n  {second}";
    rewritten(size: u64, signed: &str, led: &str, later: u64) = "The relay rewrote its ledger. For the first {size} entries it signed\n  {signed}\nand the ledger of {later} entries that it signed as well begins with\n  {led}",
        "中继改写了账本。它为前 {size} 条记录签署了\n  {signed}\n而它同样签署过的 {later} 条记录的账本开头却是\n  {led}";
    miscounted(size: u64, signed: u64, position: u64, number: u64) = "The relay signed that a stream had {signed} entries in its ledger of {size}; entry {position}, which it signed too, is number {number} (from 0) of that stream, which leaves no room for that count.",
        "中继签署称：在 {size} 条记录的账本中，某一流有 {signed} 条；而它同样签署过的第 {position} 条记录在该流中的编号（从 0 起）是 {number}，与该计数不可能同时为真。";
    proven(key: &str) = "PROVEN. Both signatures hold, and they cannot both be true. Whoever holds this key is dishonest, or let others use it:\n  {key}\nCompare it with the relay's own: the file cannot say whose it is.",
        "已证实。两个签名都有效，且不可能同时为真。持有以下密钥的人不诚实，或让他人使用了它：\n  {key}\n请与中继自己的公钥比对：文件本身无法说明它属于谁。";
    proven_turned(first: &str, second: &str) = "PROVEN. Both signatures hold, and they cannot both be true. The ledger's key was turned in between; whoever held these keys is dishonest, or let others use them:\n  {first}\n  {second}\nCompare them with the relay's own: the file cannot say whose they are.",
        "已证实。两个签名都有效，且不可能同时为真。其间账本密钥更换过；持有以下密钥的人不诚实，或让他人使用了它们：\n  {first}\n  {second}\n请与中继自己的公钥比对：文件本身无法说明它们属于谁。";
    not_proven(why: &str) = "the file proves nothing: {why}", "该文件不能证明任何事：{why}";
    unproven_form() = "it is no evidence file, or not whole. Copy it again from where it was written.", "它不是证据文件，或不完整。请从原处重新复制。";
    unproven_version() = "it is of a later version: update this program.", "它的版本较新：请更新本程序。";
    unproven_chain() = "the practice's own statements in it do not hold. Whoever made it altered them.", "其中机构自身的声明不成立：制作者改动过它们。";
    unproven_signature() = "the ledger's key did not sign what is in it. Whoever made it altered it or made it up.", "其中的内容并非由账本密钥签署：制作者改动或捏造了它。";
    unproven_parts() = "its parts do not belong together. Whoever made it put them together wrongly.", "各部分并不属于一体：制作者拼接有误。";
    unproven_consistent() = "everything in it can be true at once: it shows an honest relay.", "其中的一切可以同时为真：它显示的是诚实的中继。";
    verifying() = "Verifying", "正在验证";
    progress() = "Catching up", "正在同步";
}

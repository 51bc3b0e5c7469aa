//! The ledger.

messages! {
    status_origin() = "relay", "中继";
    status_key() = "relay's key", "中继公钥";
    status_size() = "entries", "记录数";
    status_root() = "root", "根";
    status_checkpoint() = "newest checkpoint", "最新检查点";
    status_phase() = "this device", "本设备";
    phase_ok() = "in order", "正常";
    phase_halted() = "stopped: revoked, or its relay is dishonest", "已停止：被撤销，或其中继不诚实";
    review_head() = "Set aside for review:", "搁置待查看：";
    verified(size: u64, signatures: u64, seen: u64, hidden: u64) = "Verified from genesis. Entries: {size}, signatures: {signatures}. Read here: {seen}; others', known by their hashes: {hidden}.",
        "已从创始起全部验证：{size} 条记录，{signatures} 个签名。本机读取 {seen} 条，另有 {hidden} 条属于他人，仅知其哈希。";
    not_verified(why: &str) = "the ledger does not verify: {why}", "账本未通过验证：{why}";
    log_head() = "position\treceived\tkind\tby\tabout\twhat", "位置\t时间\t类型\t签署者\t对象\t内容";
    empty() = "Nothing is in the ledger yet.", "账本中还没有内容。";
    exported(path: &str, key: &str) = "Written: {path}. Anyone can verify it: troth ledger verify --file {path} --key {key}",
        "已写入：{path}。任何人都可以验证：troth ledger verify --file {path} --key {key}";
    bad_key() = "that is no verifier key: copy it whole from `troth ledger status`, in the form name+12345678+base64, or as 64 hexadecimal digits.",
        "这不是验证公钥：请从 `troth ledger status` 完整复制，形如 name+12345678+base64，或 64 个十六进制数字。";
    verifying() = "Verifying", "正在验证";
    progress() = "Catching up", "正在同步";
}

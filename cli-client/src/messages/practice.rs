//! The practice, and the first steps.

messages! {
    founded(name: &str, id: &str) = "The practice {name} is founded: {id}.", "机构 {name} 已创建：{id}。";
    founded_next() = "Link a second device soon (`troth device join` on it): without another device, losing this one loses the records.",
        "请尽快关联第二台设备（在其上运行 `troth device join`）：若没有其他设备，丢失本机就会丢失记录。";
    not_founded(relay: &str, why: &str) = "The practice could not be founded: the relay {relay} cannot be reached ({why}). Run the same command again.",
        "机构未能创建：无法连接中继 {relay}（{why}）。请再次运行同一命令。";
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
    never() = "never", "从未";
}

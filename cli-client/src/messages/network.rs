//! The relay, and the way to it.

messages! {
    follows_anew() = "You may see more than before, so this device is fetching the practice's whole ledger again. Until `troth sync` has done so, it shows what it knew.",
        "您现在可查看的内容比以前多，本设备正在重新获取机构的完整账本。在 `troth sync` 完成之前，显示的是此前已知的内容。";
    withheld(entries: usize) = "The relay shows entries and does not send what they hold: {entries}. It is asked again; tell whoever runs it.",
        "中继显示了记录却没有送来其内容：{entries} 条。会再次请求；请告知中继的管理者。";
    no_relay_url(url: &str) = "\"{url}\" is no relay's address: write https://HOST or https://HOST:PORT.",
        "“{url}” 不是中继地址：请写成 https://主机 或 https://主机:端口。";
    http_elsewhere(host: &str) = "http:// is for a relay on this machine only, and {host} is elsewhere: use https://.",
        "http:// 仅用于本机上的中继，而 {host} 在别处：请使用 https://。";
    no_certificates(file: &str, why: &str) = "{file} holds no usable certificates ({why}): give a file in PEM, as the relay's administrator sent it.",
        "{file} 中没有可用的证书（{why}）：请提供中继管理员发来的 PEM 文件。";
    kept(relay: &str, why: &str) = "The relay {relay} cannot be reached ({why}). Your work is kept on this device and will be sent by `troth sync`.",
        "无法连接中继 {relay}（{why}）。您的工作已保存在本设备上，运行 `troth sync` 时会发送。";
    no_answer(relay: &str, why: &str) = "The relay {relay} cannot be reached ({why}). Check the link and the network, and run the command again: what was sent already is not sent twice.",
        "无法连接中继 {relay}（{why}）。请检查链接和网络后重新运行命令：已发送的内容不会重复发送。";
    unreachable(relay: &str, why: &str) = "The relay {relay} cannot be reached ({why}). Check the address and the network, and try again; nothing is lost.",
        "无法连接中继 {relay}（{why}）。请检查地址和网络后重试；不会丢失任何内容。";
    busy(reason: &str) = "The relay cannot take it now: {reason}", "中继现在无法接受：{reason}";
    kept_busy(reason: &str) = "The relay cannot take it now: {reason} Your work is kept on this device and will be sent by `troth sync`.",
        "中继现在无法接受：{reason}您的工作已保存在本设备上，运行 `troth sync` 时会发送。";
    dropped() = "it keeps closing the connection", "它不断关闭连接";
    silent() = "it does not answer", "没有应答";
    offline_kept(count: usize) = "Kept on this device ({count} waiting). `troth sync` sends it.",
        "已保存在本设备上（{count} 项待发送）。运行 `troth sync` 即可发送。";
    caught_up_one(size: u64) = "Everything is here and verified: {size} entries, 1 document. Nothing waits.",
        "内容已全部到达并通过验证：{size} 条记录，1 份文档。没有待发送的内容。";
    caught_up(size: u64, documents: usize) = "Everything is here and verified: {size} entries, {documents} documents. Nothing waits.",
        "内容已全部到达并通过验证：{size} 条记录，{documents} 份文档。没有待发送的内容。";
    watching() = "Watching; stop with Ctrl-C.", "正在持续同步；按 Ctrl-C 停止。";
    quarantined(what: &str) = "Set aside for review: {what} (see `troth quarantine list`)", "已搁置待查看：{what}（参见 `troth quarantine list`）";
    snapshot_refused(member: &str, lane: &str, position: u64, why: &str) = "A DEVICE OF {member} SENT A FALSE COPY OF A {lane} RECORD (entry {position}): {why}. This device does not rely on it and keeps what it has. Ask {member} to update `troth`; if they know nothing of it, tell an admin of your practice.",
        "{member} 的一台设备发送了一份不实的 {lane} 记录副本（条目 {position}）：{why}。本设备不采信它，并保留已有内容。请让 {member} 更新 `troth`；若其对此毫不知情，请告知机构的管理员。";
    key_offered(key: &str) = "The relay has made a new ledger key, {key}…: see `troth practice ledger-key`.", "中继生成了新的账本密钥 {key}…：请见 `troth practice ledger-key`。";
    closed(reason: &str) = "The relay closed the connection: {reason}", "中继关闭了连接：{reason}";
    copied() = "Another copy of this device's store writes in its name: it was restored or cloned. Nothing more is sent from here. To use this computer again, link it as a new device with another --home.",
        "本设备存储的另一份副本正以它的名义写入：它曾被恢复或克隆。此处不再发送任何内容。要再次使用本电脑，请用另一个 --home 将它作为新设备关联。";
    revoked() = "This device was revoked: it reads nothing that was written since. What it had not sent is kept here for review: `troth quarantine list`. To use this computer again, link it as a new device with another --home.",
        "本设备已被撤销：此后写入的内容它都无法读取。它尚未发送的内容保留在此处待查看：`troth quarantine list`。若要继续使用这台电脑，请用另一个 --home 将其作为新设备重新关联。";
    set_aside(count: usize) = "Set aside for review: {count}; see `troth quarantine list`.",
        "有 {count} 处编辑被搁置待查看；参见 `troth quarantine list`。";
}

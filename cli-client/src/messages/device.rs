//! Devices: linking, revoking, and what the engine says when it cannot do something. English errors are the engine's own words.

mod errors;

pub use errors::{error, passphrase, storage};

messages! {
    code_shown() = "Type this code on a device that belongs to the practice (`troth device approve`). It works once, for ten minutes. Waiting…",
        "请在机构中已有的一台设备上输入此代码（`troth device approve`）。代码只能使用一次，十分钟内有效。正在等待……";
    joined(practice: &str, device: &str) = "This device belongs to {practice} now: {device}.", "本设备现已属于 {practice}：{device}。";
    join_expired() = "nobody typed the code within ten minutes: run `troth device join` again for a new one.",
        "十分钟内没有人输入代码：请重新运行 `troth device join` 获取新代码。";
    approved(device: &str) = "Device {device} belongs to you now. It fetches what you can read.",
        "设备 {device} 现已归您所有。它正在获取您能读取的内容。";
    code_prompt() = "The code that the new device shows", "新设备上显示的代码";
    code_needed() = "the code is needed: give it as an argument, or `-` to read it from standard input.",
        "需要代码：请作为参数提供，或用 `-` 从标准输入读取。";
    approve_silent() = "the new device did not answer: look whether it still waits, and ask it for a new code.",
        "新设备没有应答：请确认它仍在等待，并索取新的代码。";
    list_head() = "id\tname\tkind\tstate", "标识\t名称\t类型\t状态";
    active() = "active", "有效";
    revoked() = "revoked", "已撤销";
    this_one() = "this one", "本机";
    kind_device() = "device", "设备";
    kind_kit() = "recovery kit", "恢复套件";
    unnamed() = "(no name)", "（未命名）";
    revoke_ask(device: &str) = "Revoke {device}? It will read nothing that is written from now on; this cannot be undone.",
        "撤销 {device}？此后写入的内容它都无法读取；此操作无法撤回。";
    revoke_takes_sensitive(device: &str) = "{device} is the only device that can open what is sensitive for the admins. What only it can open stays closed for good, unless it is opened there once with the second passphrase first, while the practice has another admin or you have another device, and `troth sync` is run.",
        "只有 {device} 能为管理员打开敏感内容。除非先在该设备上用第二口令打开一次（此时本机构须另有管理员，或您另有设备），并运行 `troth sync`，否则只有它能打开的内容将永远无法打开。";
    revoke_last_kit() = "That is your last recovery kit. Without one, losing your devices means losing what only you can read.",
        "这是您最后一份恢复套件。没有它，一旦丢失所有设备，就会失去只有您能读取的内容。";
    revoke_last_ask(device: &str) = "Revoke {device} nevertheless, and be without a kit? This cannot be undone.",
        "仍要撤销 {device}，从此没有恢复套件？此操作无法撤回。";
    revoke_dry(device: &str) = "{device} would be revoked. Nothing was done.", "将撤销 {device}。未做任何更改。";
    revoke_done(device: &str) = "{device} is revoked: it reads nothing that is written from now on. What it had read before, it may still hold.",
        "{device} 已被撤销：此后写入的内容它都无法读取。它之前读过的内容可能仍留在其上。";
    revoke_waits(device: &str) = "{device} keeps its access until this reaches the relay: run `troth sync` as soon as you can.",
        "在此操作到达中继之前，{device} 仍可访问：请尽快运行 `troth sync`。";
    revoke_this() = "this is the device you are working on: revoke it from another one.",
        "这是您正在使用的设备：请从另一台设备上撤销它。";
    revoke_again(device: &str) = "{device} is revoked already.", "{device} 早已被撤销。";
    default_name() = "another device", "另一台设备";
}

//! The engine's errors, in the person's language.

use troth_client_core::crypto::{CodeError, PassphraseFault, VaultError};
use troth_client_core::device::DeviceError;
use troth_client_core::document::DocumentError;
use troth_client_core::storage::StorageError;

use crate::language::Language;
use crate::messages::rules;

/// What the engine could not do.
pub fn error(language: Language, error: &DeviceError) -> String {
    match (language, error) {
        (_, DeviceError::Rule(rule)) => rules::refusal(language, *rule),
        (_, DeviceError::Storage(error)) => storage(language, error),
        (Language::English, _) => error.to_string(),
        (Language::Chinese, _) => chinese(error),
    }
}

/// What the disk did.
pub fn storage(language: Language, error: &StorageError) -> String {
    match (language, error) {
        (Language::Chinese, StorageError::Full) => {
            "这台电脑的磁盘已满：未写入任何内容；请腾出空间后重试".into()
        }
        (Language::Chinese, StorageError::Damaged(why)) => {
            format!("本设备的存储已损坏（{why}）：请保留一份副本，并将这台电脑作为新设备重新关联")
        }
        (Language::Chinese, StorageError::Io(why)) => format!("无法使用本设备的存储：{why}"),
        _ => error.to_string(),
    }
}

/// Why a passphrase is refused.
pub fn passphrase(language: Language, fault: PassphraseFault) -> String {
    match (language, fault) {
        (Language::English, _) => fault.to_string(),
        (_, PassphraseFault::TooShort(found)) => {
            format!("口令只有 {found} 个字符；请至少使用 15 个。四五个互不相关的词效果很好")
        }
        (_, PassphraseFault::TooLong) => "口令太长；最多 1,024 字节".into(),
        (_, PassphraseFault::Common) => "这个口令广为人知，会最先被猜到；请使用只有您才会放在一起的词".into(),
        (_, PassphraseFault::Predictable) => "这个口令有容易猜到的规律；请改用四五个互不相关的词".into(),
    }
}

fn chinese(error: &DeviceError) -> String {
    match error {
        DeviceError::NoDevice => {
            "这里还没有设备：请用 `troth practice init` 创建机构，或用 `troth device join` 加入".into()
        }
        DeviceError::AlreadyADevice => "这里已有一台设备：第二台请使用另一个 --home".into(),
        DeviceError::WrongPassphrase => "口令无法打开本设备：请重试".into(),
        DeviceError::NoPractice => "本设备还不属于任何机构：请创建一个，或关联到一个".into(),
        DeviceError::AlreadyInPractice => "本设备已属于一个机构（可用 `troth practice status` 查看）：另一个机构请使用另一个 --home".into(),
        DeviceError::NoSuchCase => "这里没有这个个案：请同步，或列出个案".into(),
        DeviceError::NoSuchDevice => "没有这样一台有效的设备：请列出设备".into(),
        DeviceError::NoSuchDocument(_) => "这里没有这份记录：请同步，或查看该个案".into(),
        DeviceError::NotReadable(lane) => {
            format!(
                "本设备无法打开该个案的 {} 分区：它没有与您共享，或需要同步",
                lane.name()
            )
        }
        DeviceError::ShareEnded(lane) => {
            format!("该个案的 {} 分区与您共享的期限已过：请对方重新共享", lane.name())
        }
        DeviceError::WrongCode => "代码与另一台设备不符：请在那台设备上重新获取代码，并完整复制".into(),
        DeviceError::Origin { relay, asked } => {
            format!("中继自称 {relay}，但访问它时用的是 {asked}：请让中继的管理者设置 --origin {asked}")
        }
        DeviceError::Code(error) => code(*error),
        DeviceError::Document(error) => document(error),
        DeviceError::Vault(error) => vault(*error),
        DeviceError::Damaged(what) => format!("本设备的存储已损坏（{what}）：请将这台电脑作为新设备重新关联"),
        DeviceError::Unverified(why) => format!("本设备保存的账本未通过验证：{why}"),
        DeviceError::Torn => "先前一次写入磁盘失败：请重新启动程序；不会丢失任何内容".into(),
        DeviceError::Proven => "本设备不再写入：其中继已被证明不诚实；已有内容仍可阅读".into(),
        DeviceError::Halted => "本设备已停止写入：它已被撤销，或其中继不诚实、或未能证明自己诚实".into(),
        DeviceError::SensitiveNotSet => {
            "评估和过程笔记需用第二口令打开，而本设备还没有设置：请用 `troth passphrase sensitive` 设置"
                .into()
        }
        DeviceError::SensitiveLocked => {
            "本设备上的评估和过程笔记已锁定：请输入第二口令（五分钟不使用会再次锁定）".into()
        }
        DeviceError::SensitiveSet => "本设备已有第二口令：请用 `troth passphrase sensitive` 更改".into(),
        DeviceError::SamePassphrase => "第二口令不能与打开本设备的口令相同：请另选一个".into(),
        DeviceError::NoSuchMember => "没有这位成员：请列出成员".into(),
        DeviceError::NoSuchInvite => "本设备没有有效的邀请：请用 `troth member invite` 重新邀请".into(),
        DeviceError::KitUnknown => {
            "该中继上没有机构认识这份套件：请核对页面上的地址，或确认它是否已被较新的套件取代".into()
        }
        DeviceError::NoSuchRecovery => {
            "没有可供决定的这项恢复：请同步，并用 `troth recovery list` 列出".into()
        }
        DeviceError::NoSuchLink => "这里没有这个登记链接：请同步，并用 `troth intake list` 列出".into(),
        DeviceError::NotOpened => {
            "无法打开：它已被删除，或发送者未遵循本程序的格式；请再次询问来访者".into()
        }
        DeviceError::AnotherClient => {
            "这并非首次通过该链接作答的人：另有他人持有链接；请以其他方式向来访者确认".into()
        }
        DeviceError::NotHolding => "这些答复与所发送的表单不符：请让来访者重新作答".into(),
        DeviceError::NoSuchQuarantine => {
            "没有以此编号搁置的内容，或已作出决定：请用 `troth quarantine list` 列出".into()
        }
        DeviceError::NoEdit => {
            "这不是本设备能显示的编辑：请查看其说明，重新执行原来的操作，或将其舍弃".into()
        }
        DeviceError::LastKit => {
            "这是您最后一份恢复套件：没有它，一旦丢失所有设备，就会失去只有您能读取的内容。请先制作并核对另一份（`troth recovery kit`），或用 `--last-kit` 表明确实要撤销".into()
        }
        DeviceError::OtherPartners(lane) => format!(
            "{} 是一位伴侣自己的分区，而该成员是另一位伴侣：请让分区的主人共享其中的内容（`troth share item`）；如之前给错了分区，请先结束那项共享",
            lane.name()
        ),
        DeviceError::TheirsToShare(lane) => format!(
            "{} 分区的主人有自己的设备，应在其上亲自同意：请让对方在那里共享该内容（`troth share item`）",
            lane.name()
        ),
        DeviceError::ConsentMissing(lane) => format!(
            "{} 分区的主人在这里没有设备，因此需要记录其同意：请征求对方意见，并说明同意的方式（`--recorded in-person`、`paper` 或 `phone`）",
            lane.name()
        ),
        DeviceError::CatchingUp => {
            "本设备正在接收机构的整个账本（新设备，或角色使其可见更多内容时都会如此）：不会丢失任何内容；请同步，待其完成后重试"
                .into()
        }
        DeviceError::NotYet => "这要等先前请求的操作完成：请同步".into(),
        DeviceError::Open(error) => format!("密封的内容无法打开：{error}"),
        DeviceError::Seal(error) => format!("内容太长，无法密封：{error}"),
        other => other.to_string(),
    }
}

fn code(error: CodeError) -> String {
    match error {
        CodeError::Length(found) => format!("代码有 {found} 个字符，应为 64 个：请完整输入"),
        CodeError::InviteLength(found) => {
            format!("邀请码在 # 之后有 {found} 个字符，应为 120 个：请完整复制")
        }
        CodeError::NoRelay => "邀请码以中继的地址开头，其中有一个 #：请完整复制".into(),
        CodeError::Character(c) => format!("代码中没有字符 {c:?}：请再看一遍"),
        CodeError::Mistyped => "代码输入有误：请与另一台设备对照后重试".into(),
        CodeError::Version(version) => format!("这个代码由较新的版本生成（格式 {version}）：请更新本程序"),
    }
}

fn vault(error: VaultError) -> String {
    match error {
        VaultError::WrongPassphrase => "口令错误：请重试".into(),
        VaultError::Cost(_) => "保险库的计算成本超出范围：其头部被改动过".into(),
        VaultError::Version(version) => format!("保险库头部的版本为 {version}，本程序不认识：请更新程序"),
        VaultError::Malformed => "保险库的头部已损坏：请恢复它，或重新关联本设备".into(),
        VaultError::OutOfMemory => "可用内存不足，无法打开保险库：请关闭其他程序后重试".into(),
    }
}

fn document(error: &DocumentError) -> String {
    match error {
        DocumentError::TooLong { max, unit, .. } => {
            let unit = if *unit == "characters" {
                "个字符"
            } else {
                "字节"
            };
            format!("内容太长：最多 {max} {unit}；请缩短或拆分")
        }
        DocumentError::Empty(_) => "内容为空：请填写".into(),
        DocumentError::NoSuchNote(id) => format!("这里没有笔记 {id}：请同步，或重新列出笔记"),
        DocumentError::Exists(id) => format!("{id} 下已有内容：请使用新的标识"),
        DocumentError::Signed(id) => format!("笔记 {id} 已签名，不能修改；请改为补充"),
        DocumentError::ChangedBeforeSigning(id) => format!("笔记 {id} 在阅读之后有改动；签名前请重新阅读"),
        DocumentError::OutOfRange(_) => "数值超出范围".into(),
        DocumentError::Unreadable(why) => format!("保存的文档无法打开（{why}）；请从其更改重新构建"),
        DocumentError::Engine(why) => format!("文档引擎拒绝了这处编辑：{why}"),
        DocumentError::Exhausted => "有太多更改无法结束；请重新启动程序，然后同步".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_meets_most_speaks_both_languages() {
        for met in [
            DeviceError::NoDevice,
            DeviceError::WrongPassphrase,
            DeviceError::NoPractice,
            DeviceError::Halted,
            DeviceError::Proven,
            DeviceError::SensitiveNotSet,
            DeviceError::SensitiveLocked,
            DeviceError::SensitiveSet,
            DeviceError::SamePassphrase,
            DeviceError::LastKit,
            DeviceError::CatchingUp,
            DeviceError::OtherPartners(troth_protocol::statement::Lane::PartnerA),
            DeviceError::TheirsToShare(troth_protocol::statement::Lane::PartnerA),
            DeviceError::ConsentMissing(troth_protocol::statement::Lane::PartnerA),
            DeviceError::ShareEnded(troth_protocol::statement::Lane::Joint),
        ] {
            let (english, chinese) = (error(Language::English, &met), error(Language::Chinese, &met));
            assert!(english.is_ascii(), "{english}");
            assert!(chinese.chars().any(|c| c >= '\u{4e00}'), "{chinese}");
        }
    }
}

//! The rules' texts and remedies. English is the protocol's own; the Chinese stands here.

use troth_protocol::rule::Rule;

use crate::language::Language;

/// Why something is refused, the rule's number, and what to do.
pub fn refusal(language: Language, rule: Rule) -> String {
    match language {
        Language::English => format!("{rule} (R{}). {}", rule.number(), rule.remedy()),
        Language::Chinese => format!("{}（R{}）。{}", chinese(rule), rule.number(), remedy(rule)),
    }
}

const fn chinese(rule: Rule) -> &'static str {
    match rule {
        Rule::Malformed => "内容不是唯一有效的编码",
        Rule::Version => "这里不支持该协议版本",
        Rule::TooLarge => "超过了协议的上限",
        Rule::PayloadMismatch => "内容与声明所指的不符",
        Rule::BadSignature => "签名无效",
        Rule::NotAppendable => "这种声明不能追加",
        Rule::Seen => "声明没有说明签名者当时看到的状态，或者不应说明",
        Rule::PayloadKind => "这种声明缺少内容，或不应带有内容",
        Rule::UnknownPractice => "该中继没有这个机构，或声明属于别的机构",
        Rule::UnknownDevice => "机构中没有这台设备",
        Rule::Revoked => "该设备已被撤销，或其成员已被移除",
        Rule::NotPermitted => "签名者的角色或权限不允许这样做",
        Rule::UnknownHead => "声明引用了不在此账本中的状态",
        Rule::StaleChain => "在签署这项声明之后，链已有新的内容",
        Rule::ClockBack => "中继的时钟倒退了",
        Rule::StreamGap => "流内的计数有缺口",
        Rule::Genesis => "创始声明只能位于账本的开头",
        Rule::DeviceProof => "新设备没有为该成员和机构签名",
        Rule::AlreadyExists => "该名称已被占用",
        Rule::NoSuchSubject => "声明所指的对象不存在或已停用",
        Rule::Sealings => "密封的密钥与已验证的链所要求的不符",
        Rule::Generation => "密钥的新一代不是紧接当前一代",
        Rule::LastOne => "这样会使机构无人管理，或使某位成员没有设备",
        Rule::Invitation => "邀请已使用、已撤回、已过期，或属于其他角色",
        Rule::Ration => "今天对一位成员的设备改动过多",
        Rule::TurnFirst => "已暴露的密钥必须先更换",
        Rule::Recovery => "恢复尚未提出、尚未同意，或已被阻止",
        Rule::LedgerKey => "新的账本密钥没有为该机构签名",
        Rule::NoWayBack => "这样会使机构只剩一位没有恢复套件的管理员",
        Rule::Resumption => "账本不能这样恢复：须单独声明，从现有之处继续，且放弃的不少于现有的",
        Rule::NoSuchDocument => "没有这份文档",
        Rule::Closed => "该文档已关闭",
        Rule::WrongEpoch => "密封这处编辑之后，文档的密钥已更换",
        Rule::StaleEpoch => "下次编辑之前必须先更换文档的密钥",
        Rule::AuthorChain => "这处编辑没有接在其作者上一处编辑之后",
        Rule::NoWriter => "这样会使文档无人可写",
        Rule::Snapshot => "快照没有涵盖它所说的内容，或该成员不能为其作证",
        Rule::Transcript => "登录不属于这个连接",
        Rule::OutOfOrder => "这条消息不应出现在这里",
        Rule::BeyondEnd => "客户端的进度超过了账本",
        Rule::Mailbox => "代码不存在、已使用，或已超过十分钟",
        Rule::Quota => "一次太多了，请稍等",
        Rule::DiskFull => "中继的磁盘已满：不再接受新内容，但仍可读取",
        Rule::Unavailable => "中继现在无法处理",
        Rule::NoNewPractice => "该中继不接受新机构",
        Rule::Pin => "PIN 码不正确，或尝试次数过多",
        Rule::Link => "该登记链接未知、已关闭、已过期或已用完",
        Rule::NotInUse => "这种声明尚未启用",
        Rule::SlowReader => "连接跟不上速度，已被关闭",
        Rule::Behind => "中继是从较旧的备份恢复的，在管理员恢复账本之前不接受任何内容",
        _ => "被一条较新的规则拒绝",
    }
}

const fn remedy(rule: Rule) -> &'static str {
    match rule {
        Rule::StaleChain | Rule::WrongEpoch | Rule::StaleEpoch | Rule::AuthorChain => {
            "请同步；设备会自行重新签署。"
        }
        Rule::Quota | Rule::Unavailable | Rule::Ration => "不会丢失任何内容；请稍后再试。",
        Rule::SlowReader => "设备会自行重新连接。",
        Rule::Behind => {
            "任何设备上已有的内容都不会丢失：请机构的管理员运行 `troth recovery resume`，然后再次同步。"
        }
        Rule::DiskFull => "请告知中继的管理者腾出空间；您的工作保存在本设备上。",
        Rule::Revoked | Rule::UnknownDevice => "请让该成员的另一台设备或管理员将本设备作为新设备重新添加。",
        Rule::Version => "请更新两个程序中较旧的那个。",
        Rule::Link => "请向发送链接的人索取新的链接。",
        Rule::Pin => "请用正确的 PIN 码再试；错误十次后，请索取新的链接。",
        Rule::Mailbox | Rule::Invitation => "请索取新的代码。",
        Rule::NotPermitted => "请联系机构的管理员。",
        Rule::TooLarge => "请缩小内容，或作为文件附加。",
        Rule::NoNewPractice => "请让中继的管理者允许新机构。",
        Rule::LastOne => "请先添加另一台设备或另一位管理员。",
        Rule::NoWayBack => "请先制作并核对另一份恢复套件（`troth recovery kit`），或添加另一位管理员。",
        Rule::BeyondEnd => "请运行 `troth ledger verify`：中继可能是从备份恢复的。",
        _ => "如再次发生，请把这个编号告知中继的管理者。",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_speaks_both_languages() {
        for rule in Rule::ALL {
            assert_ne!(chinese(*rule), "被一条较新的规则拒绝", "{rule:?} has no Chinese");
            assert!(refusal(Language::English, *rule).contains(&format!("(R{})", rule.number())));
            assert!(refusal(Language::Chinese, *rule).contains(&format!("（R{}）", rule.number())));
        }
    }
}

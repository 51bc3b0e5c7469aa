//! The recovery kit: what its sheet says, and what is said when its words are typed again. English errors are the engine's
//! own words.

use troth_client_core::crypto::KitError;

use crate::language::Language;

/// Why words are no kit.
pub fn error(language: Language, error: &KitError) -> String {
    match (language, error) {
        (Language::English, _) => error.to_string(),
        (_, KitError::TooLong) => "内容超出了一份套件的 24 个词：请只输入这些词".into(),
        (
            _,
            KitError::NotAWord {
                number,
                word,
                nearest,
            },
        ) => {
            let nearest = match nearest[..] {
                [] => String::new(),
                [one] => format!("（也许是 “{one}”）"),
                _ => format!("（也许是 “{}”）", nearest.join("” 或 “")),
            };
            format!("第 {number} 个词 “{word}” 不在词表中{nearest}：请再核对套件")
        }
        (_, KitError::Count(found)) => {
            format!("共需 24 个词，现有 {found} 个：请输入全部的词，不要输入其他内容")
        }
        (_, KitError::Checksum) => "这些词彼此不符：有一个词或其顺序与打印的不同".into(),
    }
}

messages! {
    title() = "Recovery kit", "恢复套件";
    practice() = "Practice", "机构";
    member() = "Member", "成员";
    relay() = "Relay", "中继";
    made() = "Made on", "制作日期";
    device() = "Kit", "套件标识";
    purpose(member: &str) = "These 24 words are a key: with them {member} gets the practice's records back when every other device is lost or broken.",
        "这 24 个词是一把钥匙：当其他设备全部丢失或损坏时，{member} 可以凭它们取回机构的记录。";
    secret(member: &str) = "Whoever has them can read all that {member} can: keep this sheet where you keep a passport or a deed, and do not photograph it, e-mail it, or type it anywhere but into troth.",
        "得到它们的人能读到 {member} 能读到的一切：请像护照或房契一样保管本页，不要拍照，不要用邮件发送，也不要输入到 troth 以外的任何地方。";
    replace(device: &str) = "If it is lost or somebody may have seen it, make another (“troth recovery kit”) and revoke this one (“troth device revoke {device}”).",
        "如果本页丢失或可能已被他人看到，请另做一份（“troth recovery kit”），并撤销这一份（“troth device revoke {device}”）。";
    how() = "How to use it: install troth on a computer that you trust, run “troth recovery use”, and type the words in their order; the first four letters of an English word are enough.",
        "使用方法：在您信任的电脑上安装 troth，运行 “troth recovery use”，然后按顺序输入这些词；英文词只需输入前四个字母。";
    tested() = "Tested with “troth recovery test” on", "已用 “troth recovery test” 核对，日期";
    initials() = "Initials", "签名";
    another(device: &str) = "these are the words of another kit: take the sheet that is marked {device}.",
        "这是另一份套件的词：请使用标有 {device} 的那一页。";
}

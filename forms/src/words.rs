//! What this crate says to people, in English and 简体中文. Each fault pairs what is wrong with what to do about it.

use crate::fault::{AnswerError, AnswerFault, FormError, FormFault, WarningKind};
use crate::plain::neutral;
use crate::value::Decimal;

/// A language that the crate speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

/// One of two texts.
fn say(language: Language, english: String, chinese: String) -> String {
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

macro_rules! say {
    ($language:expr, $english:literal, $chinese:literal) => {
        say($language, format!($english), format!($chinese))
    };
}

/// Why a form is refused: the place, the item if one is known, and the reason.
pub fn form_error(language: Language, error: &FormError) -> String {
    let what = form_fault(language, &error.what);
    let path = neutral(&error.path);
    match &error.item {
        None => say!(language, "{path}: {what}", "{path}：{what}"),
        Some(item) => {
            let item = neutral(item);
            say!(
                language,
                "{path} (item {item}): {what}",
                "{path}（项目 {item}）：{what}"
            )
        }
    }
}

fn form_fault(language: Language, fault: &FormFault) -> String {
    match fault {
        FormFault::Json(found) => {
            let found = neutral(found);
            say!(
                language,
                "this is no proper JSON: {found}",
                "不是合格的 JSON：{found}"
            )
        }
        FormFault::TooMuch(most) => say!(
            language,
            "at most {most} is allowed: make it shorter or split the form",
            "最多允许 {most}：请缩短，或把表单拆开"
        ),
        FormFault::Missing => say!(
            language,
            "this has to be there and not be empty",
            "此处必填，不能为空"
        ),
        FormFault::Expected(what) => say!(language, "this should be {what}", "此处应为 {what}"),
        FormFault::Unsupported(name) => {
            let name = neutral(name);
            say!(
                language,
                "{name} is not supported: take it out or ask in another way",
                "不支持 {name}：请去掉，或换一种问法"
            )
        }
        FormFault::Control => say!(
            language,
            "the text holds control characters: delete them",
            "文字中含有控制字符：请删除"
        ),
        FormFault::LinkIdTwice => say!(
            language,
            "another item has this linkId: give each its own",
            "另一个项目已使用此 linkId：每个项目须有自己的标识"
        ),
        FormFault::OptionTwice => say!(
            language,
            "this option is there twice: delete one",
            "此选项重复：请删除一个"
        ),
        FormFault::NoSuchQuestion(name) => {
            let name = neutral(name);
            say!(
                language,
                "no question of this form has the linkId {name}",
                "表单中没有 linkId 为 {name} 的问题"
            )
        }
        FormFault::OtherRepetition(name) => {
            let name = neutral(name);
            say!(
                language,
                "{name} is asked in a group that repeats: put this item into that group",
                "{name} 位于可重复的组中：请把此项目放入该组"
            )
        }
        FormFault::Circle(name) => {
            let name = neutral(name);
            say!(
                language,
                "whether {name} is asked depends on itself: take one condition out",
                "{name} 是否显示取决于它自身：请去掉一个条件"
            )
        }
        FormFault::Contradiction => say!(
            language,
            "this contradicts the item's type or its other settings",
            "此处与项目类型或其他设置相矛盾"
        ),
        FormFault::Score => say!(
            language,
            "a score needs a group that does not repeat, of required choices without conditions, each option with an ordinalValue (whole, half or quarter), a source, and bands that ascend from the least sum",
            "计分需要：不重复的组，其中均为必答且无条件的单选题，每个选项带 ordinalValue（整数、二分之一或四分之一），注明来源，分段从最低总分起递增"
        ),
        FormFault::Consent => say!(
            language,
            "a consent is a yes-or-no question with a text and without an initial value, asked once, under a name of its own, in a form with url and version",
            "同意项须为有文字、无初始值、只问一次且名称唯一的是非题，所在表单须有 url 和 version"
        ),
    }
}

/// What an author should look at again.
pub fn warning(language: Language, kind: WarningKind) -> String {
    match kind {
        WarningKind::NoPurpose => say!(
            language,
            "states no purpose: say why it is asked, or do not ask it",
            "未说明目的：请写明为何询问，否则不要询问"
        ),
        WarningKind::NotTranslated => say!(
            language,
            "lacks a translation that other texts have",
            "缺少其他文字已有的译文"
        ),
        WarningKind::NotActive => say!(
            language,
            "the form is not marked as active",
            "表单未标记为启用（active）"
        ),
        WarningKind::NoHelp => say!(
            language,
            "an answer raises a crisis flag, but no text with help is shown for it",
            "答案会触发危机标记，但没有相应的求助信息"
        ),
    }
}

/// Why a response is not believed.
pub fn answer_error(language: Language, error: &AnswerError) -> String {
    let path = neutral(&error.path);
    let what = answer_fault(language, &error.what);
    say!(language, "{path}: {what}", "{path}：{what}")
}

/// What is wrong with an answer: for the person who gave it.
pub fn answer_fault(language: Language, fault: &AnswerFault) -> String {
    match fault {
        AnswerFault::Malformed(wanted) => {
            let wanted = neutral(wanted);
            say!(
                language,
                "these are no proper answers; expected {wanted}",
                "答卷格式不正确；应为 {wanted}"
            )
        }
        AnswerFault::OtherForm => say!(
            language,
            "this answers another form or another version of it",
            "这是对另一份表单或另一版本的回答"
        ),
        AnswerFault::NotCompleted => say!(
            language,
            "this is a draft that was not handed in",
            "这是尚未提交的草稿"
        ),
        AnswerFault::Unknown => say!(
            language,
            "the form asks nothing like this here",
            "表单在此处没有这一项"
        ),
        AnswerFault::Disabled => say!(
            language,
            "this was not to be answered, by the other answers",
            "根据其他回答，此项不应作答"
        ),
        AnswerFault::Required => say!(language, "please answer this", "请回答此项"),
        AnswerFault::TooFew(least) => say!(language, "please give at least {least}", "请至少填写 {least} 个"),
        AnswerFault::TooMany(most) => say!(language, "please give at most {most}", "请最多填写 {most} 个"),
        AnswerFault::WrongKind => say!(
            language,
            "this is not the kind of answer that is asked for",
            "答案类型不符"
        ),
        AnswerFault::NoSuchOption => say!(language, "please choose one of the options", "请选择所列选项之一"),
        AnswerFault::Twice => say!(language, "the same option is chosen twice", "同一选项选择了两次"),
        AnswerFault::TooLong(most) => say!(
            language,
            "please write at most {most} characters",
            "请最多填写 {most} 个字符"
        ),
        AnswerFault::TooSmall(least) => {
            say!(language, "please give {least} or more", "请填写 {least} 或以上")
        }
        AnswerFault::TooLarge(most) => say!(language, "please give {most} or less", "请填写 {most} 或以下"),
        AnswerFault::Control => say!(
            language,
            "the text holds characters that cannot be shown",
            "文字中含有无法显示的字符"
        ),
    }
}

/// The mark of an answer that is a sign of danger.
pub fn crisis(language: Language) -> String {
    say!(
        language,
        "Possible danger, please look at once",
        "可能有危险，请立即查看"
    )
}

/// A score with its band.
pub fn score(language: Language, value: Decimal, most: Decimal, band: &str) -> String {
    say!(language, "{value} of {most}, {band}", "{value}/{most}，{band}")
}

/// Where no answer was given.
pub fn unanswered(language: Language) -> String {
    say!(language, "not answered", "未作答")
}

/// Yes or no.
pub fn yes_or_no(language: Language, yes: bool) -> &'static str {
    match (language, yes) {
        (Language::English, true) => "yes",
        (Language::English, false) => "no",
        (Language::Chinese, true) => "是",
        (Language::Chinese, false) => "否",
    }
}

//! Skeletons for notes, in English and simplified Chinese.

/// A form of note that counselors are trained in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Subjective, objective, assessment, plan.
    Soap,
    /// Data, assessment, plan.
    Dap,
    /// Behavior, intervention, response, plan.
    Birp,
    /// A couple's session: both partners' views apart, then the two together.
    Couples,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Soap, Self::Dap, Self::Birp, Self::Couples];

    /// What a note keeps to say which template it was begun with.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Soap => "soap",
            Self::Dap => "dap",
            Self::Birp => "birp",
            Self::Couples => "couples",
        }
    }

    /// The template with this identifier (any case).
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|template| template.id().eq_ignore_ascii_case(id))
    }

    /// The headings to write under, for a language tag: `zh`, `zh-Hans`, `zh-CN` and the like give Chinese,
    /// all else English.
    pub fn skeleton(self, language: &str) -> String {
        let chinese = language
            .split(['-', '_'])
            .next()
            .is_some_and(|tag| tag.eq_ignore_ascii_case("zh"));
        let headings: &[&str] = match (self, chinese) {
            (Self::Soap, false) => &["Subjective", "Objective", "Assessment", "Plan"],
            (Self::Soap, true) => &["主观资料", "客观资料", "评估", "计划"],
            (Self::Dap, false) => &["Data", "Assessment", "Plan"],
            (Self::Dap, true) => &["资料", "评估", "计划"],
            (Self::Birp, false) => &["Behavior", "Intervention", "Response", "Plan"],
            (Self::Birp, true) => &["行为表现", "干预", "反应", "计划"],
            (Self::Couples, false) => &[
                "Present (who attended)",
                "Partner A's view",
                "Partner B's view",
                "Pattern between them",
                "Intervention and response",
                "Risk and safety",
                "Agreements and homework",
                "Plan",
            ],
            (Self::Couples, true) => &[
                "出席人员",
                "伴侣甲的看法",
                "伴侣乙的看法",
                "双方互动模式",
                "干预与反应",
                "风险与安全",
                "约定与家庭作业",
                "计划",
            ],
        };
        let colon = if chinese { "：" } else { ":" };
        headings
            .iter()
            .map(|heading| format!("{heading}{colon}\n"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_its_headings_in_both_languages() {
        for template in Template::ALL {
            let (english, chinese) = (template.skeleton("en"), template.skeleton("zh-CN"));
            assert!(english.is_ascii() && !chinese.is_ascii());
            assert_eq!(english.lines().count(), chinese.lines().count());
            assert_eq!(Template::from_id(template.id()), Some(template));
        }
        assert_eq!(
            Template::Soap.skeleton("en"),
            "Subjective:\n\nObjective:\n\nAssessment:\n\nPlan:\n"
        );
    }
}

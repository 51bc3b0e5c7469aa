//! The table, and the same as JSON.

use std::fmt;

use serde::Serialize;

/// What a number should reach.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// One number.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// The raw limit that it is held against, and the ratio to it.
    pub of: Option<(&'static str, f64)>,
    /// What it should reach.
    pub target: Option<Target>,
    /// Whether it does; `None` without a target.
    pub reached: Option<bool>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The numbers, in the order in which they were measured.
    pub rows: Vec<Row>,
}

impl Report {
    /// Adds a number that is only told.
    pub fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.push(name.into(), value, unit, None, None);
    }

    /// Adds a number beside the raw limit that it is held against.
    pub fn add_of(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        of: (&'static str, f64),
    ) {
        self.push(name.into(), value, unit, Some((of.0, value / of.1)), None);
    }

    /// Adds a number that should reach something.
    pub fn aim(&mut self, name: impl Into<String>, value: f64, unit: &'static str, target: Target) {
        self.push(name.into(), value, unit, None, Some(target));
    }

    /// Adds a number that should reach a share of a raw limit.
    pub fn aim_of(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        of: (&'static str, f64),
        target: Target,
    ) {
        self.push(name.into(), value, unit, Some((of.0, value / of.1)), Some(target));
    }

    fn push(
        &mut self,
        name: String,
        value: f64,
        unit: &'static str,
        of: Option<(&'static str, f64)>,
        target: Option<Target>,
    ) {
        let reached = target.map(|target| match target {
            Target::AtLeast(least) => value >= least,
            Target::AtMost(most) => value <= most,
        });
        let row = Row {
            name,
            value,
            unit,
            of,
            target,
            reached,
        };
        eprintln!("  {row}");
        self.rows.push(row);
    }

    /// Whether every target is reached.
    pub fn all_reached(&self) -> bool {
        self.rows.iter().all(|row| row.reached != Some(false))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self
            .of
            .map(|(name, ratio)| format!("{ratio:.2} of {name}"))
            .unwrap_or_default();
        let target = match self.target {
            Some(Target::AtLeast(least)) => format!(">= {}", number(least)),
            Some(Target::AtMost(most)) => format!("<= {}", number(most)),
            None => String::new(),
        };
        let reached = match self.reached {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let (name, value, unit) = (&self.name, number(self.value), self.unit);
        write!(
            f,
            "{name:<52} {value:>10} {unit:<13} {of:<22} {target:<10} {reached}"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<52} {:>10} {:<13} {:<22} {:<10} reached",
            "measured", "", "", "ratio", "target"
        )?;
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "{}", row.to_string().trim_end()))
    }
}

/// Three figures are more than one run can tell apart.
fn number(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

//! The engines there are, by the names that the command line and the data directory know them by.

use std::{fmt, str::FromStr};

/// A storage engine, as `--store` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, embedded: the default. Keeps the whole contract of [`super::Store`].
    #[default]
    Sqlite,
    /// sled, embedded. See `docs/storage.md` for what it does not promise.
    Sled,
}

impl Engine {
    /// The engine's name on the command line and in a data directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Sled => "sled",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Sqlite, Self::Sled]
            .into_iter()
            .find(|engine| engine.name() == name)
            .ok_or_else(|| format!("there is no engine {name:?}: choose sqlite or sled"))
    }
}

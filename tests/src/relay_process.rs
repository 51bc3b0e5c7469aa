//! The real relay, started, watched and killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Clock ticks of `/proc/<pid>/stat` in a second; Linux has had no other value since 2003.
const TICKS_PER_SECOND: f64 = 100.0;

/// The name that devices know the relay by: the same after a restart, when its port is another.
const ORIGIN: &str = "relay.test";

/// A relay in a process of its own. Killed when dropped.
pub struct RelayProcess {
    child: Child,
    address: String,
    ready_after: Duration,
}

/// A relay that was started and has not said that it listens.
pub struct Starting {
    child: Option<Child>,
    since: Instant,
}

impl RelayProcess {
    /// Starts a relay on a data directory with an engine (`sqlite`, `sled`), and waits until it listens.
    ///
    /// # Errors
    /// It ends instead; what it says is on this process's standard error.
    pub fn start(data: &Path, engine: &str) -> Result<Self> {
        Starting::spawn(data, engine)?.wait()
    }

    /// `host:port` where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How long it took from its start until it listened.
    pub const fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: the process has no say in it.
    ///
    /// # Errors
    /// It is gone already.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        ensure!(
            status.code().is_none(),
            "the relay ended by itself before it was killed: {status}"
        );
        Ok(())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()?;
        ensure!(asked.success(), "the relay cannot be signalled");
        Ok(self.child.wait()?)
    }

    /// Time that it spent on processors so far.
    ///
    /// # Errors
    /// It is gone.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid()))?;
        // The second field is the program's name in parentheses, and may itself hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("/proc/<pid>/stat")?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
        let (user, system) = (times.next().context("utime")??, times.next().context("stime")??);
        Ok(Duration::from_secs_f64((user + system) / TICKS_PER_SECOND))
    }

    /// Memory that it holds (`VmRSS`), and the most that it ever held (`VmHWM`), in bytes.
    ///
    /// # Errors
    /// It is gone.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let field = |name: &str| -> Result<u64> {
            let line = status
                .lines()
                .find_map(|l| l.strip_prefix(name))
                .context("/proc/<pid>/status")?;
            let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
            Ok(kib * 1024)
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// `troth-server verify` on a data directory that no relay has open. Returns what it said.
    ///
    /// # Errors
    /// It finds something wrong.
    pub fn verify(data: &Path) -> Result<String> {
        let output = Command::new(binary()?)
            .arg("verify")
            .arg("--data")
            .arg(data)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "troth-server verify: {}: {said}{wrong}",
            output.status
        );
        Ok(said)
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Starting {
    /// Starts a relay, without waiting for it.
    ///
    /// # Errors
    /// There is no such program.
    pub fn spawn(data: &Path, engine: &str) -> Result<Self> {
        let child = Command::new(binary()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--store", engine, "--data"])
            .arg(data)
            .args(["--origin", ORIGIN, "--log-level", "error"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            child: Some(child),
            since: Instant::now(),
        })
    }

    /// Waits until it listens.
    ///
    /// # Errors
    /// It ends instead.
    pub fn wait(mut self) -> Result<RelayProcess> {
        let mut child = self.child.take().context("started once")?;
        let mut line = String::new();
        if let Some(out) = child.stdout.as_mut() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ready_after = self.since.elapsed();
        match line.trim().strip_prefix("listening on http://") {
            Some(address) => Ok(RelayProcess {
                child,
                address: address.to_owned(),
                ready_after,
            }),
            None => {
                let _ = child.kill();
                bail!("the relay did not come up: {:?}, it said {line:?}", child.wait()?)
            }
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The relay's program of the same build profile as this one, built if need be. `TROTH_SERVER` names another.
///
/// # Errors
/// It does not build.
pub fn binary() -> Result<PathBuf> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = BINARY.get_or_init(|| build().map_err(|e| format!("{e:#}")));
    found.clone().map_err(anyhow::Error::msg)
}

fn build() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("TROTH_SERVER") {
        return Ok(given.into());
    }
    let me = std::env::current_exe()?;
    // target/<profile>/<program>, or one deeper for tests.
    let profile_dir = me
        .ancestors()
        .skip(1)
        .find(|dir| !dir.ends_with("deps"))
        .context("this program is in no target directory")?;
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "troth-server",
            "--bin",
            "troth-server",
            "--profile",
            profile,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    ensure!(status.success(), "troth-server does not build");
    Ok(profile_dir.join("troth-server"))
}

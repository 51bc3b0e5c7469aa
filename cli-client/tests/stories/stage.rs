//! The programs, and a place for them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// What opens every device of these stories.
pub const PASSPHRASE: &str = "otter gravel pennant yodel fjord";

/// What opens assessments and process notes, where a story wants them.
pub const SECOND_PASSPHRASE: &str = "walnut harbor sextant plum drizzle";

/// A temporary directory with a passphrase in it.
pub struct Stage {
    pub dir: TempDir,
}

/// A relay that runs until it is dropped.
pub struct Relay {
    pub url: String,
    child: Child,
}

/// A device's home.
pub struct Troth {
    pub home: PathBuf,
    passphrase: PathBuf,
    second: PathBuf,
}

/// What a command came to.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Stage {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        std::fs::write(dir.path().join("second"), format!("{SECOND_PASSPHRASE}\n")).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts a relay on a free port.
    pub fn relay(&self) -> Relay {
        self.relay_with(&["--listen", "127.0.0.1:0"])
    }

    /// Starts the relay again where it was.
    pub fn relay_at(&self, url: &str) -> Relay {
        let address = url.split_once("://").unwrap().1.to_owned();
        self.relay_with(&["--listen", &address])
    }

    pub fn relay_with(&self, flags: &[&str]) -> Relay {
        let mut child = Command::new(server())
            .args(["serve", "--log-level", "error", "--data"])
            .arg(self.path("relay"))
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect("the relay says where it listens")
            .to_owned();
        Relay { url, child }
    }

    pub fn troth(&self, name: &str) -> Troth {
        Troth {
            home: self.path(name),
            passphrase: self.path("passphrase"),
            second: self.path("second"),
        }
    }

    /// A device that has founded a practice.
    pub fn founder(&self, relay: &Relay) -> Troth {
        let troth = self.troth("laptop");
        let name = [
            "--name",
            "Harbourlight Counsel",
            "--as",
            "Wanjiru Ashdown",
            "--device-name",
            "laptop",
        ];
        troth.ok(&[&["practice", "init", "--relay", &relay.url], &name[..]].concat());
        troth
    }

    /// A second device of the same member.
    pub fn second(&self, relay: &Relay, first: &Troth) -> Troth {
        let second = self.troth("phone");
        let joining = second.spawn(&["device", "join", "--relay", &relay.url, "--name", "phone"]);
        let (code, joining) = first_line(joining);
        first.ok(&["device", "approve", code.trim()]);
        let joined = Ran::of(joining.wait_with_output().unwrap());
        assert_eq!(joined.code, 0, "{}", joined.stderr);
        first.ok(&["sync"]);
        second
    }
}

/// Both sides of an invitation, as far as they were let go.
pub struct Met {
    /// The code that the newcomer's device showed.
    pub shown: String,
    /// `member confirm`, as it waits for that code on its standard input.
    pub confirming: Child,
    /// `practice join`, as it waits to be let in.
    pub joining: Child,
}

impl Met {
    /// Tells the inviter a code; returns what came of it there, and for the newcomer.
    pub fn tell(mut self, code: &str) -> (Ran, Ran) {
        writeln!(self.confirming.stdin.take().unwrap(), "{code}").unwrap();
        let confirmed = Ran::of(self.confirming.wait_with_output().unwrap());
        (confirmed, Ran::of(self.joining.wait_with_output().unwrap()))
    }
}

impl Stage {
    /// An inviter and the holder of a code, about to compare.
    pub fn meeting(&self, inviter: &Troth, newcomer: &Troth, code: &str, name: &str) -> Met {
        let confirming = inviter
            .command(&["--json", "member", "confirm", "--wait", "60", "--compare", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (shown, joining) = first_line(newcomer.spawn(&["practice", "join", code, "--as", name]));
        Met {
            shown,
            confirming,
            joining,
        }
    }

    /// Somebody who was invited, compared the code and was let in.
    pub fn member(&self, inviter: &Troth, role: &str, home: &str, name: &str) -> Troth {
        let invited = inviter.json(&["member", "invite", "--role", role]);
        let newcomer = self.troth(home);
        let met = self.meeting(inviter, &newcomer, invited["code"].as_str().unwrap(), name);
        let shown = met.shown.clone();
        let (confirmed, joined) = met.tell(&shown);
        let said = format!("{}{}", joined.stderr, confirmed.stderr);
        assert_eq!((joined.code, confirmed.code), (0, 0), "{said}");
        newcomer
    }
}

/// The first line that a child prints, as soon as it is there.
pub fn first_line(mut child: Child) -> (String, Child) {
    let mut line = String::new();
    // One byte at a time: what follows the line stays for whoever waits for the child.
    let stdout = child.stdout.as_mut().unwrap();
    let mut byte = [0];
    while std::io::Read::read(stdout, &mut byte).unwrap() == 1 && byte[0] != b'\n' {
        line.push(char::from(byte[0]));
    }
    (line, child)
}

impl Relay {
    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Troth {
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = troth();
        command
            .arg("--home")
            .arg(&self.home)
            .arg("--passphrase-file")
            .arg(&self.passphrase)
            .args(arguments);
        command
    }

    /// The same with the second passphrase, for what touches assessments or process notes.
    pub fn open<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let file = self.second.to_str().unwrap();
        [&["--sensitive-passphrase-file", file], arguments].concat()
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(
            ran.code,
            0,
            "troth {}: {}{}",
            arguments.join(" "),
            ran.stdout,
            ran.stderr
        );
        ran
    }

    /// The JSON of a command that must succeed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.ok(&[&["--json"], arguments].concat()).json()
    }

    pub fn with_stdin(&self, arguments: &[&str], text: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", self.stdout, self.stderr))
    }
}

/// `troth`, in an environment that says nothing of this machine.
pub fn troth() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troth"));
    for name in [
        "TROTH_HOME",
        "TROTH_PASSPHRASE_FILE",
        "TROTH_SENSITIVE_PASSPHRASE_FILE",
        "TROTH_RELAY_CA",
        "LC_ALL",
        "LC_MESSAGES",
        "LANG",
    ] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// The relay's program: the one that TROTH_SERVER names, or the one beside `troth`, built first so that it is this tree's.
pub fn server() -> &'static Path {
    static SERVER: OnceLock<PathBuf> = OnceLock::new();
    SERVER.get_or_init(|| {
        if let Some(named) = std::env::var_os("TROTH_SERVER") {
            return named.into();
        }
        let troth = Path::new(env!("CARGO_BIN_EXE_troth"));
        let server = troth.with_file_name(format!("troth-server{}", std::env::consts::EXE_SUFFIX));
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "troth-server", "--bin", "troth-server"]);
        if troth.parent().is_some_and(|dir| dir.ends_with("release")) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the relay does not build");
        server
    })
}

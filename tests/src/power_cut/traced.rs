//! The real relay under `strace`.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::relay_process;

/// What the model knows of or must not meet; `?` lets a processor's own lack of a call pass.
const CALLS: &str = "trace=?open,?creat,openat,?openat2,write,pwrite64,writev,pwritev,?pwritev2,sendto,sendmsg,lseek,\
    ftruncate,truncate,fallocate,?copy_file_range,sendfile,?splice,?rename,?renameat,renameat2,?link,linkat,?symlink,\
    symlinkat,?unlink,unlinkat,?rmdir,?mkdir,mkdirat,fsync,fdatasync,sync_file_range,mmap,?io_uring_setup";

/// Longer than any write: strace cuts strings there.
const LONGEST: &str = "16777216";

/// A relay whose calls go to a file. Killed when dropped.
pub struct TracedRelay {
    strace: Child,
    trace: PathBuf,
    address: String,
}

impl TracedRelay {
    /// Starts a relay on a data directory with an engine, and waits until it listens. `strace` is the one that `TROTH_STRACE`
    /// names, or else the one on the path.
    ///
    /// # Errors
    /// There is no `strace`, or the relay ends instead.
    pub fn start(data: &Path, engine: &str, trace: &Path) -> Result<Self> {
        let program = env::var_os("TROTH_STRACE").unwrap_or_else(|| OsString::from("strace"));
        let mut strace = Command::new(&program)
            .args(["-f", "--seccomp-bpf", "-y", "-xx", "-s", LONGEST, "-e", CALLS, "-e", "signal=none", "-o"])
            .arg(trace)
            .arg("--")
            .arg(relay_process::binary()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--origin", "relay.test"])
            .args(["--store", engine, "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!(
                    "{} cannot be started, and without it no power cut can be shown: install strace, or let TROTH_STRACE name it",
                    program.display()
                )
            })?;
        let mut line = String::new();
        if let Some(out) = strace.stdout.as_mut() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap_or_default()
            .to_owned();
        let relay = Self {
            strace,
            trace: trace.to_owned(),
            address,
        };
        ensure!(
            !relay.address.is_empty(),
            "the relay under strace did not come up: it said {line:?}"
        );
        Ok(relay)
    }

    /// `host:port` where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Signals the relay (`TERM`, `KILL`), waits until it is gone, and returns the trace, whole.
    ///
    /// # Errors
    /// It cannot be signalled, or the trace not be read.
    pub fn end(mut self, signal: &str) -> Result<BufReader<File>> {
        self.signal(signal)?;
        self.strace.wait()?;
        Ok(BufReader::new(File::open(&self.trace)?))
    }

    /// To the relay itself: its process is the first in the trace.
    fn signal(&self, signal: &str) -> Result<()> {
        let mut first = String::new();
        BufReader::new(fs::File::open(&self.trace)?).read_line(&mut first)?;
        let pid: u32 = first
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .context("the trace is empty")?;
        let asked = Command::new("kill")
            .args(["-s", signal, &pid.to_string()])
            .status()?;
        ensure!(asked.success(), "the relay cannot be signalled");
        Ok(())
    }
}

impl Drop for TracedRelay {
    fn drop(&mut self) {
        if matches!(self.strace.try_wait(), Ok(None)) {
            let _ = self.signal("KILL");
            let _ = self.strace.wait();
        }
    }
}

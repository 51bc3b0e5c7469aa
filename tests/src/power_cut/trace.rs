//! What `strace -f -y -xx` writes, call by call.

use std::collections::HashMap;
use std::io::BufRead;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;

/// The last line of a call that never returned.
pub const NEVER: usize = usize::MAX;

/// One call that succeeded or never returned.
#[derive(Debug, Default)]
pub struct Call {
    /// The line where it began.
    pub begun: usize,
    /// The line where it ended; [`NEVER`] where it did not.
    pub ended: usize,
    /// Its name.
    pub name: String,
    /// Its arguments, a string as `"` and what stands in brackets taken apart.
    pub args: Vec<String>,
    /// The strings among them, in order.
    pub strings: Vec<Vec<u8>>,
    /// The files that its descriptors stand for, in order, its result's last; none for a file that was removed.
    pub files: Vec<Option<PathBuf>>,
    /// What it returned; 0 where it never did.
    pub result: i64,
}

/// Reads a trace whose first line has the number `first`. Returns the calls in the order in which they ended, and the number
/// after the last line.
///
/// # Errors
/// It cannot be read, or is not what `strace` writes.
pub fn read(trace: impl BufRead, first: usize) -> Result<(Vec<Call>, usize)> {
    let mut calls = Vec::new();
    let mut unfinished: HashMap<String, (usize, String)> = HashMap::new();
    let mut number = first;
    for line in trace.lines() {
        let line = line?;
        let (task, text) = line.split_once(' ').context("a line begins with its thread")?;
        let text = text.trim_start();
        if let Some(begun) = text.strip_suffix("<unfinished ...>") {
            unfinished.insert(task.to_owned(), (number, begun.to_owned()));
        } else if let Some(resumed) = text.strip_prefix("<... ") {
            let (_, rest) = resumed.split_once(" resumed>").context("what was resumed")?;
            let (begun, start) = unfinished.remove(task).context("a call that began")?;
            calls.extend(call(&(start + rest), begun, number)?);
        } else if !text.starts_with("---") && !text.starts_with("+++") {
            calls.extend(call(text, number, number)?);
        }
        number += 1;
    }
    for (begun, start) in unfinished.into_values() {
        calls.extend(call(&format!("{start}) = ?"), begun, NEVER)?);
    }
    Ok((calls, number))
}

/// `name(arguments) = result`; `None` for a call that failed.
fn call(text: &str, begun: usize, ended: usize) -> Result<Option<Call>> {
    let (name, rest) = text.split_once('(').context("a call has arguments")?;
    let (args, result) = rest.rsplit_once(" = ").context("a call has a result")?;
    let ended = if result.starts_with('?') { NEVER } else { ended };
    if result.starts_with('-') {
        return Ok(None);
    }
    let mut call = Call {
        begun,
        ended,
        name: name.to_owned(),
        ..Call::default()
    };
    let args = args.trim_end().strip_suffix(')').context("arguments end")?;
    call.take(args)?;
    let before = call.args.len();
    call.take(result)?;
    let result = call.args.split_off(before).join(",");
    let digits = result
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    call.result = match digits.strip_prefix("0x") {
        Some(_) => 0,
        None => digits.parse().unwrap_or_default(),
    };
    Ok(Some(call))
}

impl Call {
    /// Takes arguments apart, up to the commas between them.
    fn take(&mut self, mut text: &str) -> Result<()> {
        let mut arg = String::new();
        while let Some(next) = text.find(['"', '<', ',']) {
            arg.push_str(&text[..next]);
            let opened = &text[next + 1..];
            text = match text.as_bytes()[next] {
                b',' => {
                    self.args.push(std::mem::take(&mut arg).trim().to_owned());
                    opened
                }
                b'<' => {
                    let (path, rest) = opened.split_once('>').context("a descriptor's file")?;
                    let path = PathBuf::from(std::ffi::OsString::from_vec(unescape(path)?));
                    self.files.push((!rest.starts_with("(deleted)")).then_some(path));
                    rest
                }
                _ => {
                    let (string, rest) = opened.split_once('"').context("a string ends")?;
                    ensure!(!rest.starts_with("..."), "strace cut a string short");
                    self.strings.push(unescape(string)?);
                    arg.push('"');
                    rest
                }
            };
        }
        arg.push_str(text);
        self.args.push(arg.trim().to_owned());
        Ok(())
    }

    /// An argument that is a number.
    ///
    /// # Errors
    /// There is no such argument, or it is no number.
    pub fn number(&self, at: usize) -> Result<u64> {
        let arg = self
            .args
            .get(at)
            .with_context(|| format!("{} has more arguments", self.name))?;
        arg.parse().with_context(|| format!("{} of {}", arg, self.name))
    }
}

/// `\x41\x42`, or what it stands for where nothing is escaped.
fn unescape(text: &str) -> Result<Vec<u8>> {
    if !text.starts_with("\\x") {
        return Ok(text.as_bytes().to_vec());
    }
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\\' | b'x'))
        .collect();
    match HEXLOWER.decode(&digits) {
        Ok(bytes) if bytes.len() * 4 == text.len() => Ok(bytes),
        _ => bail!("a string that is not escaped throughout: {text:.80}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_as_they_ended() {
        let trace = concat!(
            "7  openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\", O_WRONLY|O_CREAT, 0600) = 3<\\x2f\\x61>\n",
            "7  pwrite64(3<\\x2f\\x61>, \"\\x01\\x02\", 2, 40 <unfinished ...>\n",
            "8  unlink(\"\\x2f\\x62\") = -1 ENOENT (No such file or directory)\n",
            "8  writev(4<\\x73>, [{iov_base=\"\\x05\", iov_len=1}, {iov_base=\"\\x06\", iov_len=1}], 2) = 2\n",
            "7  <... pwrite64 resumed>) = 2\n",
            "8  fsync(3<\\x2f\\x61>(deleted) <unfinished ...>\n",
            "7  +++ killed by SIGKILL +++\n",
        );
        let (calls, next) = read(trace.as_bytes(), 10).unwrap();
        let brief: Vec<_> = calls
            .iter()
            .map(|c| (&c.name[..], c.begun, c.ended, c.result))
            .collect();
        let expected = [
            ("openat", 10, 10, 3),
            ("writev", 13, 13, 2),
            ("pwrite64", 11, 14, 2),
            ("fsync", 15, NEVER, 0),
        ];
        assert_eq!((brief, next), (expected.to_vec(), 17));
        assert_eq!(calls[0].files[1], Some("/a".into()));
        assert_eq!(calls[0].args[2], "O_WRONLY|O_CREAT");
        assert_eq!(calls[1].strings, [[5], [6]]);
        assert_eq!(
            (calls[2].number(3).unwrap(), &calls[2].strings[0][..]),
            (40, &[1, 2][..])
        );
        assert_eq!(calls[3].files, [None]);
    }
}

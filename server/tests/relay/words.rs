//! What the program says to whoever runs it.
#![cfg(unix)]

use super::process::{error, program, run};

#[test]
fn help_names_the_exit_codes_and_a_package_gets_its_completions_and_pages() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(help.contains("Exit codes: 0 done, 1 failed"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0), "{}", error(&script));
        let script = String::from_utf8(script.stdout).unwrap();
        assert!(script.contains("behind-proxy"), "{shell}: {script}");
    }
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man");
    let written = run(&["man", pages.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{}", error(&written));
    let page = std::fs::read_to_string(pages.join("troth-server-serve.1")).unwrap();
    assert!(page.contains("behind"), "{page}");
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let refused = run(&["man", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        error(&refused).contains("choose a directory"),
        "{}",
        error(&refused)
    );
}

#[test]
fn an_address_that_is_taken_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&[
        "serve",
        "--data",
        dir.path().to_str().unwrap(),
        "--listen",
        &address,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = error(&output);
    assert!(
        said.contains(&address) && said.contains("choose another"),
        "{said}"
    );
}

#[test]
fn colours_are_left_out_where_nobody_wants_them() {
    let coloured = |forced: bool, none: bool| {
        let mut command = program();
        command.arg("--nonsense").env_remove("NO_COLOR");
        if forced {
            command.env("CLICOLOR_FORCE", "1");
        }
        if none {
            command.env("NO_COLOR", "1");
        }
        error(&command.output().unwrap()).contains('\u{1b}')
    };
    assert!(coloured(true, false), "else this shows nothing");
    assert!(!coloured(true, true) && !coloured(false, true) && !coloured(false, false));
}

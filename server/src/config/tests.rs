//! What an operator may ask for, and what not.

use super::*;

fn given(toml: &str) -> Result<ServeOptions, ConfigError> {
    toml::from_str::<Given>(toml)
        .map_err(|error| ConfigError(error.to_string()))?
        .options()
}

fn refused(toml: &str) -> String {
    given(toml).unwrap_err().0
}

#[test]
fn a_data_directory_is_enough() {
    let options = given("data = 'd'").unwrap();
    assert_eq!(options, ServeOptions::new("d", "127.0.0.1:8787".parse().unwrap()));
}

#[test]
fn a_flag_comes_before_the_file() {
    let file: Given = toml::from_str("data = 'file'\nlisten = '127.0.0.1:1'\nmax-practices = 3").unwrap();
    let flags = Given {
        listen: Some("127.0.0.1:2".into()),
        ..Given::default()
    };
    let options = flags.or(file).options().unwrap();
    assert_eq!(
        (options.data, options.listen.port(), options.max_practices),
        ("file".into(), 2, 3)
    );
}

#[test]
fn tls_on_the_command_line_takes_the_place_of_the_files() {
    let file: Given = toml::from_str("data = 'd'\ntls-cert = 'c'\ntls-key = 'k'").unwrap();
    let flags = Given {
        tls_self_signed: true,
        ..Given::default()
    };
    assert_eq!(flags.or(file).options().unwrap().tls, Tls::SelfSigned);
}

#[test]
fn an_unknown_key_in_the_file_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("relay.toml");
    std::fs::write(&file, "data = 'd'\nlissten = '127.0.0.1:1'\n").unwrap();
    let error = Given::read(&file).unwrap_err().0;
    assert!(error.contains("lissten") && error.contains("line 2"), "{error}");
}

#[test]
fn other_than_on_loopback_tls_is_needed_unless_a_proxy_has_it() {
    let base = "data = 'd'\nlisten = '0.0.0.0:1'\norigin = 'relay.example'\n";
    assert!(refused(base).contains("--behind-proxy"));
    assert!(given(&format!("{base}behind-proxy = true")).is_ok());
    assert!(given(&format!("{base}tls-self-signed = true")).is_ok());
    assert!(given("data = 'd'\nlisten = '[::1]:1'").is_ok());
}

#[test]
fn an_address_that_is_no_name_needs_an_origin() {
    assert!(refused("data = 'd'\nlisten = '0.0.0.0:1'\nbehind-proxy = true").contains("--origin"));
}

#[test]
fn an_origin_is_a_host_and_no_url() {
    for origin in [
        "https://relay.example",
        "relay.example/x",
        "",
        "relay example",
        "réseau.example",
    ] {
        assert!(
            refused(&format!("data = 'd'\norigin = '{origin}'")).contains("origin"),
            "{origin}"
        );
    }
    assert!(given("data = 'd'\norigin = 'relay.example:8443'").is_ok());
}

#[test]
fn what_this_relay_does_not_have_is_named() {
    assert!(refused("data = 'd'\nstore = 'postgres'").contains("not built into"));
    assert!(refused("data = 'd'\nstore = 'paper'").contains("choose sqlite or sled"));
    assert!(refused("data = 'd'\ndatabase-url = 'x'").contains("not built into"));
    assert!(refused("data = 'd'\nacme = 'relay.example'").contains("not in this version"));
}

#[test]
fn half_of_a_certificate_is_none() {
    assert!(refused("data = 'd'\ntls-cert = 'c'").contains("--tls-key"));
    assert!(refused("data = 'd'\ntls-key = 'k'").contains("--tls-cert"));
    assert!(refused("data = 'd'\ntls-key = 'k'\ntls-self-signed = true").contains("leave out"));
}

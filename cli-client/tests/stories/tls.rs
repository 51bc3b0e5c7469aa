//! A relay that signed its own certificate.

use super::stage::Stage;

#[test]
fn only_the_certificate_that_was_given_is_trusted() {
    let stage = Stage::new();
    let relay = stage.relay_with(&["--listen", "127.0.0.1:0", "--tls-self-signed"]);
    assert!(relay.url.starts_with("https://"));
    let laptop = stage.troth("laptop");
    let init = [
        "practice",
        "init",
        "--relay",
        &relay.url,
        "--name",
        "Harbourlight",
        "--as",
        "Wanjiru Ashdown",
    ];
    let unknown = laptop.run(&init);
    assert_eq!(unknown.code, 3, "{}", unknown.stderr);
    assert!(unknown.stderr.contains("certificate"), "{}", unknown.stderr);

    let ca = stage.path("relay/tls-cert.pem");
    let ca = ca.to_str().unwrap();
    laptop.ok(&[&init[..], &["--relay-ca", ca]].concat());
    laptop.ok(&["--relay-ca", ca, "sync"]);
    let other = stage.path("other.pem");
    std::fs::write(&other, "no certificate").unwrap();
    assert_eq!(
        laptop.run(&["--relay-ca", other.to_str().unwrap(), "sync"]).code,
        2
    );
}

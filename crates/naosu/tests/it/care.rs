//! Routine care, its calendar, and the state of accounts around an update.

use std::io::{Read, Write};

use crate::run::{Ran, naosu_in};

#[test]
fn the_routine_becomes_a_calendar() {
    let data = tempfile::tempdir().expect("a folder");
    let file = data.path().join("care.ics");
    let ran =
        naosu_in(data.path(), &["care", "--lang", "ja", "--out", file.to_str().expect("a plain path")], "");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let text = std::fs::read_to_string(file).expect("the calendar");
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    assert!(text.split("\r\n").all(|line| line.len() <= 75));
    assert!(text.contains("RRULE:FREQ=WEEKLY") && text.contains("RRULE:FREQ=MONTHLY;INTERVAL=3"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let unfolded = text.replace("\r\n ", "");
    let events: Vec<&str> = unfolded.split("BEGIN:VEVENT\r\n").skip(1).collect();
    let mut uids = std::collections::BTreeSet::new();
    for event in &events {
        for name in [
            "UID:",
            "DTSTAMP:",
            "DTSTART;VALUE=DATE:",
            "SUMMARY:",
            "BEGIN:VALARM",
            "TRIGGER:PT9H",
            "ACTION:DISPLAY",
        ] {
            assert_eq!(
                event.split("\r\n").filter(|line| line.starts_with(name)).count(),
                1,
                "{name}: {event}"
            );
        }
        uids.insert(event.lines().find(|line| line.starts_with("UID:")).expect("it has one"));
        let day = event.split_once("DTSTART;VALUE=DATE:").expect("a day").1;
        assert!(
            event.contains("FREQ=WEEKLY") || day[6..8].parse::<u8>().is_ok_and(|day| day <= 28),
            "{event}"
        );
    }
    assert_eq!(uids.len(), events.len());
    // what a probe does is one reminder, not one each
    assert!(unfolded.contains("naosu care --account"), "{unfolded}");
    assert!(!unfolded.contains("UID:routine-routine-mailbox_space"), "{unfolded}");
    let of_mac = naosu_in(data.path(), &["care", "--device", "mac"], "").stdout;
    let of_all = naosu_in(data.path(), &["care"], "").stdout;
    assert!(of_mac.len() < of_all.len(), "{of_mac}");
}

#[test]
fn a_reminder_keeps_its_name_and_no_other_computer_has_it() {
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let write = |data: &std::path::Path, more: &[&str]| {
        let file = data.join("care.ics");
        let out = file.to_str().expect("a plain path");
        let ran = naosu_in(data, &[&["care", "--out", out], more].concat(), "");
        let text = std::fs::read_to_string(&file).expect("the calendar").replace("\r\n ", "");
        let uids: Vec<String> =
            text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect();
        (ran, uids)
    };
    let (ran, first) = write(one.path(), &[]);
    assert!(ran.status == Some(0) && first.len() > 3, "{}", ran.stderr);
    // what is there is not written over unasked
    std::fs::write(one.path().join("care.ics"), "mine").expect("it can be written");
    let (ran, _) = write(one.path(), &[]);
    assert!(ran.status == Some(2) && ran.stderr.contains("--overwrite"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(one.path().join("care.ics")).expect("the file"), "mine");
    let (ran, again) = write(one.path(), &["--overwrite"]);
    assert_eq!((ran.status, &again), (Some(0), &first), "{}", ran.stderr);
    let (_, elsewhere) = write(other.path(), &[]);
    assert!(elsewhere.iter().all(|uid| !first.contains(uid)), "{elsewhere:?}");
}

#[test]
fn the_storage_of_a_phone_is_not_that_of_this_computer() {
    let data = tempfile::tempdir().expect("a folder");
    let closed = options("--imap=127.0.0.1:1/plain");
    // on Linux the thing itself is for other devices, whichever was named
    for device in
        [&["--device", "iphone"][..], if cfg!(target_os = "linux") { &[] } else { &["--device", "ipad"] }]
    {
        let arguments: Vec<&str> = [&["care", "--account=hanako@example.jp"], device, &closed].concat();
        let ran = naosu_in(data.path(), &arguments, "");
        let lines: Vec<&str> =
            ran.stdout.lines().filter(|line| line.contains("Check the free storage of the device")).collect();
        assert_eq!(lines, ["  · Check the free storage of the device."], "{}", ran.stdout);
        assert!(!ran.stdout.contains(" MB free"), "{}", ran.stdout);
    }
    // nor is it said that it can be measured
    let listed = naosu_in(data.path(), &["care", "--device", "iphone"], "").stdout;
    let line = listed.lines().find(|line| line.contains("free storage")).expect("it is listed");
    assert!(!line.contains("--account"), "{line}");
    let out = data.path().join("care.ics");
    let out = out.to_str().expect("a plain path");
    naosu_in(data.path(), &["care", "--device", "iphone", "--out", out], "");
    let calendar = std::fs::read_to_string(out).expect("the calendar").replace("\r\n ", "");
    assert!(calendar.contains("UID:routine-routine-device_space@"), "{calendar}");
}

#[test]
fn what_changed_on_this_computer_is_no_change_of_a_phone() {
    let data = tempfile::tempdir().expect("a folder");
    let options = options("--imap=127.0.0.1:1/plain");
    let call = |arguments: &[&str], device: &'static str| {
        let last = [&options[..], &["--device", device]].concat();
        naosu_in(data.path(), &[arguments, &last].concat(), "")
    };
    let account = "hanako@example.jp";
    assert_eq!(call(&["care", "before-update", account], "iphone").status, Some(0));
    // the storage of this computer was full before, and has room now
    let file = crate::cases::file(data.path());
    let kept: String =
        file.query_row("SELECT evidence FROM snapshot", [], |row| row.get(0)).expect("it was kept");
    let mut kept: serde_json::Value = serde_json::from_str(&kept).expect("it is JSON");
    for seen in kept["observations"].as_array_mut().expect("a list") {
        if seen["variable"] == "disk" {
            seen["outcome"] = "full".into();
        }
    }
    file.execute("UPDATE snapshot SET evidence = ?1", [kept.to_string()]).expect("it can be changed");
    let after = call(&["care", "after-update", account], "iphone");
    assert!(!after.stdout.contains("Storage") && !after.stdout.contains("storage"), "{}", after.stdout);
    let here = if cfg!(target_os = "macos") { "mac" } else { "linux" };
    if cfg!(any(target_os = "macos", target_os = "linux")) {
        let after = call(&["care", "after-update", account], here);
        assert!(after.stdout.contains("Storage: "), "{}", after.stdout);
    }
}

/// A server that greets so many connections and is gone then: where it listens, as an option, and its thread.
fn greeter(connections: usize) -> (String, std::thread::JoinHandle<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let imap = format!("--imap=127.0.0.1:{}/plain", listener.local_addr().expect("it has one").port());
    let thread = std::thread::spawn(move || {
        for connection in listener.incoming().flatten().take(connections) {
            let mut connection = connection;
            drop(connection.write_all(b"* OK ready\r\n"));
            let mut seen = [0; 1024];
            while connection.read(&mut seen).is_ok_and(|read| read > 0) {
                drop(connection.write_all(b"a1 OK done\r\n"));
            }
        }
    });
    (imap, thread)
}

/// Options that keep a check on this computer.
fn options(imap: &str) -> [&str; 7] {
    [
        "--",
        imap,
        "--no-login",
        "--resolver=127.0.0.1:1",
        "--ntp=127.0.0.1:1",
        "--connectivity-url=http://127.0.0.1:1/",
        "--deadline=3",
    ]
}

#[test]
fn what_a_probe_can_look_at_is_looked_at_for_each_account() {
    let data = tempfile::tempdir().expect("a folder");
    let (two, three) = ("--account=hanako@example.jp", "--account=taro@example.jp");
    // nobody listens there
    let closed = options("--imap=127.0.0.1:1/plain");
    let arguments: Vec<&str> = ["care", two, three].into_iter().chain(closed).collect();
    let ran = naosu_in(data.path(), &arguments, "");
    assert_eq!(ran.status, Some(1), "{}{}", ran.stdout, ran.stderr);
    for part in ["hanako@example.jp", "taro@example.jp", "✗ Send a message to yourself", "Every week"] {
        assert!(ran.stdout.contains(part), "no {part}: {}", ran.stdout);
    }
    // done is done: below is only what the person has to do
    assert_eq!(ran.stdout.matches("Check the space of the mailbox").count(), 2, "{}", ran.stdout);
    let ran = naosu_in(data.path(), &["care", "--", "--no-login"], "");
    assert!(ran.status == Some(2) && ran.stderr.contains("--account"), "{}", ran.stderr);
}

#[test]
fn what_an_update_has_broken_is_told() {
    let data = tempfile::tempdir().expect("a folder");
    let none = naosu_in(data.path(), &["care", "after-update"], "");
    assert!(none.status == Some(2) && none.stderr.contains("before-update"), "{}", none.stderr);
    // a listener that is there before the update and gone after it
    let (imap, greeter) = greeter(2);
    let options = options(&imap);
    let call = |first: &[&'static str]| -> Ran {
        let arguments: Vec<&str> = first.iter().copied().chain(options).collect();
        naosu_in(data.path(), &arguments, "")
    };
    let before = call(&["care", "before-update", "hanako@example.jp", "taro@example.jp"]);
    assert_eq!(before.status, Some(0), "{}", before.stderr);
    for account in ["hanako@example.jp: ", "taro@example.jp: "] {
        assert!(before.stdout.contains(account), "{}", before.stdout);
    }
    greeter.join().expect("the greeter ends");
    let after = call(&["care", "after-update"]);
    assert!(matches!(after.status, Some(0 | 1)), "{}", after.stderr);
    assert!(after.stdout.matches(" → ").count() >= 2, "{}", after.stdout);
    for account in ["hanako@example.jp", "taro@example.jp"] {
        assert!(after.stdout.contains(account), "{}", after.stdout);
    }
    // nobody is measured when a state is missing
    let missing = call(&["care", "after-update", "hanako@example.jp", "jiro@example.jp"]);
    assert!(missing.status == Some(2) && missing.stderr.contains("jiro@example.jp"), "{}", missing.stderr);
    assert!(missing.stdout.is_empty(), "{}", missing.stdout);
}

use runner_sdk::logs::Line;

use super::*;

const WEB: &str = "/srv/shop/logs/web.log";

fn two() -> Context<Config> {
    let mut config = shop("/srv/shop");
    config["services"]["worker"] = json!({"run": ["{{release}}/worker"], "log": "worker.out"});
    prod(config)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn folder(name: &str, size: u64) -> Option<Vec<Entry>> {
    Some(vec![Entry {
        name: name.to_owned(),
        kind: Kind::File,
        size,
        target: None,
    }])
}

fn texts(lines: &[Line]) -> Vec<String> {
    let text = |line: &Line| format!("{:?} {} {}", line.at, line.source, line.text);
    lines.iter().map(text).collect()
}

#[test]
fn the_services_are_what_can_be_read() {
    assert_eq!(Local::sources(&two()).unwrap(), ["web", "worker"]);
}

#[test]
fn the_newest_lines_then_what_is_written_after_them() {
    let content = b"0: begins\n2026-01-01T00:00:00Z up\n  ready\nhal";
    let host = ScriptedHost::new()
        .machine_list(None, "/srv/shop/logs", folder("web.log", 45))
        .machine_read_part(None, WEB, 0, Some(content))
        .with("max", "45")
        .machine_list(None, "/srv/shop", None);
    let page = Local::recent(&host, &two(), &names(&["web", "worker"]), None, 2).unwrap();
    let up = format!("Some({START}) web 2026-01-01T00:00:00Z up");
    let ready = format!("Some({START}) web   ready");
    assert_eq!(texts(&page.lines), [up, ready]);
    assert_eq!(page.notes, ["`worker` has written nothing yet"]);
    assert_eq!(page.cursor, r#"{"web":42}"#);

    // The half line got its end, and the other one has begun to write.
    let host = ScriptedHost::new()
        .machine_list(None, "/srv/shop/logs", folder("web.log", 48))
        .machine_read_part(None, WEB, 42, Some(b"half!\n"))
        .machine_list(None, "/srv/shop", folder("worker.out", 2))
        .machine_read_part(None, "/srv/shop/worker.out", 0, Some(b"a\n"));
    let page = Local::more(&host, &two(), &names(&["web", "worker"]), &page.cursor).unwrap();
    assert_eq!(texts(&page.lines), ["None web half!", "None worker a"]);
    assert_eq!(page.cursor, r#"{"web":48,"worker":2}"#);

    // Nothing new: nothing is read.
    let host = ScriptedHost::new().machine_list(None, "/srv/shop/logs", folder("web.log", 48));
    let page = Local::more(&host, &two(), &names(&["web"]), &page.cursor).unwrap();
    assert_eq!(
        (texts(&page.lines), page.cursor.as_str()),
        (vec![], r#"{"web":48}"#)
    );

    // Emptied, and written again.
    let host = ScriptedHost::new()
        .machine_list(None, "/srv/shop/logs", folder("web.log", 4))
        .machine_read_part(None, WEB, 0, Some(b"new\n"));
    let page = Local::more(&host, &two(), &names(&["web"]), &page.cursor).unwrap();
    assert_eq!(texts(&page.lines), ["None web new"]);
}

#[test]
fn what_is_older_is_left_out_as_far_as_it_says_so() {
    let content = b"no time\n2025-12-31T23:00:00Z old\n  old too\n2026-01-01T00:00:01Z new\n";
    let host = ScriptedHost::new()
        .machine_list(None, "/srv/shop/logs", folder("web.log", content.len() as u64))
        .machine_read_part(None, WEB, 0, Some(content));
    let page = Local::recent(&host, &two(), &names(&["web"]), Some(START), 100).unwrap();
    let new = format!("Some({}) web 2026-01-01T00:00:01Z new", START + 1000);
    assert_eq!(texts(&page.lines), ["None web no time".to_owned(), new]);
}

#[test]
fn a_strange_cursor_or_service_is_an_error() {
    for cursor in ["", "null", "{\"web\":-1}", "{\"web\":\"x\"}"] {
        let error = Local::more(&ScriptedHost::new(), &two(), &names(&["web"]), cursor).unwrap_err();
        assert!(
            error.message().contains("is no cursor of this plugin's"),
            "{error:?}"
        );
    }
    let error = Local::recent(&ScriptedHost::new(), &two(), &names(&["nginx"]), None, 1).unwrap_err();
    assert_eq!(error.message(), "there is no service `nginx`");
}

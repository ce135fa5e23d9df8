//! What stands in the way.

use super::*;

#[test]
fn a_site_that_nginx_refuses_is_taken_back() {
    let server = running(&prod("blue-green"), "prod", &["0.1.0"]);
    let before = server.nodes.borrow().clone();
    server.refused.set(Some("20m"));
    let mut config = prod("blue-green");
    config["nginx"]["body-limit"] = json!("20m");
    insta::assert_snapshot!(message(applied(&server, config, "prod").unwrap_err()), @r#"nginx refuses the site `agentiq`, so its files are as they were: nginx: [emerg] unexpected "20m""#);
    assert_eq!(*server.nodes.borrow(), before);
}

#[test]
fn another_environments_files_are_not_touched() {
    let server = running(&staging(), "staging", &[]);
    let refused = |change: fn(&mut Value)| {
        let mut config = prod("blue-green");
        change(&mut config);
        message(applied(&server, config, "prod").unwrap_err())
    };
    insta::assert_snapshot!(refused(|config| config["root"] = json!("/opt/agentiq-staging")), @"`/opt/agentiq-staging` belongs to agentiq/staging: give `prod` a `root` of its own");
    insta::assert_snapshot!(refused(|config| config["nginx"]["site"] = json!("staging-agentiq")), @"`/etc/nginx/sites-available/staging-agentiq` belongs to agentiq/staging: give `prod` names, ports and folders of its own");
    insta::assert_snapshot!(refused(|config| {
        config["strategy"] = json!("restart");
        config["web"]["ports"] = json!([8001]);
        config["web"]["unit"] = json!("agentiq-staging");
    }), @"`/etc/systemd/system/agentiq-staging.service` belongs to agentiq/staging: give `prod` names, ports and folders of its own");
}

#[test]
fn a_name_that_leads_elsewhere_gets_no_certificate() {
    let mut config = staging();
    config["nginx"]["address"] = json!("10.0.0.1");
    insta::assert_snapshot!(message(applied(&Server::new(), config, "staging").unwrap_err()), @"`staging.agentiq.ru` leads to 79.137.175.164, not to 10.0.0.1: set its A record");
}

#[test]
fn a_web_root_that_is_a_folder_is_moved_aside() {
    let server = Server::new();
    server.put("/var/www/staging/index.html", "<html>");
    let told = applied(&server, staging(), "staging").unwrap();
    assert!(
        told.contains("== /var/www/staging\n~ a folder becomes a link to `/var/www/staging.before-runner`"),
        "{told}"
    );
    assert_eq!(
        server.link_to("/var/www/staging").as_deref(),
        Some("/var/www/staging.before-runner")
    );
    assert_eq!(
        file(&server, "/var/www/staging.before-runner/index.html"),
        "<html>"
    );
}

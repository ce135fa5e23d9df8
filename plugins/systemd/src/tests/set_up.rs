//! An environment from nothing.

mod copied;
mod trouble;
mod variables;

use super::*;

fn applied(server: &Server, config: Value, environment: &str) -> Result<String, Error> {
    let changes = Systemd::apply(server, &about(config, environment, "0.0.0", None))?;
    let text =
        |change: &runner_sdk::setup::Change| format!("== {}\n{}\n", change.subject, change.diff.trim_end());
    Ok(changes.iter().map(text).collect())
}

/// What the site has besides its names and files.
fn locations(told: &str) -> &str {
    let (from, to) = ("+    location /api/ {", "/index.html; }\n+}");
    let from = told.find(from).expect(from);
    &told[from..told.rfind(to).expect(to) + to.len()]
}

#[test]
fn a_bare_server_becomes_one_and_a_second_run_changes_nothing() {
    let server = Server::new();
    insta::assert_snapshot!(applied(&server, staging(), "staging").unwrap(), @r#"
        == packages
        + postgresql
        == /opt/agentiq-staging
        + folder: ubuntu 755
        == /opt/agentiq-staging/releases
        + folder: ubuntu 755
        == /opt/agentiq-staging/venvs
        + folder: ubuntu 755
        == /opt/agentiq-staging/shared
        + folder: ubuntu 755
        == /opt/agentiq-staging/slots
        + folder: ubuntu 755
        == /opt/agentiq-staging/.environment
        + # runner: agentiq/staging
        == database role agentiq_staging
        + made, with its password
        == database agentiq_chat_staging
        + made, owned by agentiq_staging
        == database agentiq_chat_staging
        ~ only agentiq_staging may connect
        == database agentiq_chat_staging
        + filled with a copy of agentiq_chat
        == /etc/runner
        + folder, 0700
        == /etc/runner/agentiq-staging.env
        +DATABASE_URL
        +ENV
        ~ units have it from their next start
        == /etc/systemd/system/agentiq-staging.service
        @@ -0,0 +1,18 @@
        +# runner: agentiq/staging
        +[Unit]
        +Description=agentiq staging: web
        +After=network.target postgresql.service
        +
        +[Service]
        +Type=simple
        +User=ubuntu
        +WorkingDirectory=/opt/agentiq-staging/current/backend
        +EnvironmentFile=/etc/runner/agentiq-staging.env
        +EnvironmentFile=-/opt/agentiq-staging/current/.env
        +ExecStart=/opt/agentiq-staging/current/venv/bin/uvicorn app.main:app --host 127.0.0.1 --port 8002
        +Restart=always
        +RestartSec=10
        +TimeoutStopSec=30
        +
        +[Install]
        +WantedBy=multi-user.target
        == /etc/systemd/system/agentiq-staging-celery.service
        @@ -0,0 +1,19 @@
        +# runner: agentiq/staging
        +[Unit]
        +Description=agentiq staging: workers.celery
        +After=network.target postgresql.service
        +
        +[Service]
        +Type=simple
        +User=ubuntu
        +WorkingDirectory=/opt/agentiq-staging/current/backend
        +EnvironmentFile=/etc/runner/agentiq-staging.env
        +EnvironmentFile=-/opt/agentiq-staging/current/.env
        +ExecStart=/opt/agentiq-staging/current/venv/bin/celery -A app.celery_app worker --loglevel=info
        +Restart=always
        +RestartSec=10
        +KillMode=mixed
        +TimeoutStopSec=600
        +
        +[Install]
        +WantedBy=multi-user.target
        == /etc/systemd/system/agentiq-staging-backup.service
        @@ -0,0 +1,10 @@
        +# runner: agentiq/staging
        +[Unit]
        +Description=agentiq-staging-backup
        +After=network.target postgresql.service
        +
        +[Service]
        +Type=oneshot
        +User=ubuntu
        +EnvironmentFile=/etc/runner/agentiq-staging.env
        +ExecStart=/usr/local/bin/runner backup prod
        == /etc/systemd/system/agentiq-staging-backup.timer
        @@ -0,0 +1,10 @@
        +# runner: agentiq/staging
        +[Unit]
        +Description=agentiq-staging-backup
        +
        +[Timer]
        +OnCalendar=*-*-* 03:30
        +Persistent=true
        +
        +[Install]
        +WantedBy=timers.target
        == unit agentiq-staging.service
        + started at boot
        == unit agentiq-staging-celery.service
        + started at boot
        == unit agentiq-staging-backup.timer
        + started at boot
        == /etc/nginx/runner
        + folder, 0755
        == /var/www/letsencrypt
        + folder, 0755
        == /etc/nginx/sites-available/staging-agentiq
        @@ -0,0 +1,9 @@
        +# runner: agentiq/staging
        +server {
        +    listen 80;
        +    server_name staging.agentiq.ru;
        +    access_log /var/log/nginx/agentiq-staging.access.log;
        +    error_log /var/log/nginx/agentiq-staging.error.log;
        +    location /.well-known/acme-challenge/ { root /var/www/letsencrypt; }
        +    location / { return 301 https://$host$request_uri; }
        +}
        == /etc/nginx/sites-enabled/staging-agentiq
        + link to /etc/nginx/sites-available/staging-agentiq
        == /etc/letsencrypt/live/staging.agentiq.ru/fullchain.pem
        + a certificate from Let's Encrypt, renewed by certbot's own timer
        == /etc/nginx/runner/agentiq-staging.conf
        @@ -0,0 +1,5 @@
        +# runner: agentiq/staging
        +# shares: 8002=100
        +upstream agentiq-staging-8002 { server 127.0.0.1:8002; }
        +map $host $agentiq_staging_slot { default 8002; }
        +map $host $agentiq_staging_shares { default "8002=100"; }
        == /etc/nginx/sites-available/staging-agentiq
        @@ -1,3 +1,5 @@
         # runner: agentiq/staging
        +include /etc/nginx/runner/agentiq-staging.conf;
        +
         server {
             listen 80;
        @@ -8,2 +10,41 @@
             location / { return 301 https://$host$request_uri; }
         }
        +
        +server {
        +    listen 443 ssl;
        +    server_name staging.agentiq.ru;
        +    access_log /var/log/nginx/agentiq-staging.access.log;
        +    error_log /var/log/nginx/agentiq-staging.error.log;
        +    ssl_certificate /etc/letsencrypt/live/staging.agentiq.ru/fullchain.pem;
        +    ssl_certificate_key /etc/letsencrypt/live/staging.agentiq.ru/privkey.pem;
        +    client_max_body_size 10m;
        +    root /var/www/staging;
        +    index index.html;
        +
        +    location /api/ {
        +        proxy_pass http://agentiq-staging-$agentiq_staging_slot;
        +        proxy_set_header Host $host;
        +        proxy_set_header X-Real-IP $remote_addr;
        +        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        +        proxy_set_header X-Forwarded-Proto $scheme;
        +    }
        +    location = /api/health {
        +        proxy_pass http://agentiq-staging-$agentiq_staging_slot/health;
        +        proxy_set_header Host $host;
        +        proxy_set_header X-Real-IP $remote_addr;
        +        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        +        proxy_set_header X-Forwarded-Proto $scheme;
        +    }
        +    location = /.runner/health {
        +        allow 127.0.0.0/8;
        +        deny all;
        +        proxy_pass http://agentiq-staging-$agentiq_staging_slot/health;
        +        proxy_set_header Host $host;
        +        proxy_set_header X-Real-IP $remote_addr;
        +        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        +        proxy_set_header X-Forwarded-Proto $scheme;
        +        add_header X-Runner-Shares $agentiq_staging_shares always;
        +        add_header X-Runner-Upstream $upstream_addr always;
        +    }
        +    location / { try_files $uri $uri/ /index.html; }
        +}
        "#);
    assert!(server.told().contains("apt-get"));
    assert_eq!(applied(&server, staging(), "staging").unwrap(), "");
    assert_eq!(server.told(), "");
}

#[test]
fn a_plan_shows_the_same_changes_and_makes_none() {
    for (config, environment) in [(staging(), "staging"), (prod("blue-green"), "prod")] {
        let server = Server::new();
        server.plan.set(true);
        let plan = Systemd::apply(
            &server,
            &about(config.clone(), environment, "0.0.0", None).in_plan(),
        )
        .unwrap();
        assert!(server.nodes.borrow().is_empty());
        server.plan.set(false);
        let done = Systemd::apply(&server, &about(config, environment, "0.0.0", None)).unwrap();
        assert_eq!(plan, done);
    }
}

#[test]
fn two_ports_make_a_template_and_a_switch() {
    let told = applied(&Server::new(), prod("canary"), "prod").unwrap();
    let of_one_port = applied(&Server::new(), staging(), "staging").unwrap();
    let alike = locations(&of_one_port)
        .replace("agentiq-staging", "agentiq-prod")
        .replace("agentiq_staging", "agentiq_prod");
    assert_eq!(locations(&told), alike);
    insta::assert_snapshot!(told.replace(&alike, "..."), @r#"
        == /opt/agentiq
        + folder: ubuntu 755
        == /opt/agentiq/releases
        + folder: ubuntu 755
        == /opt/agentiq/venvs
        + folder: ubuntu 755
        == /opt/agentiq/shared
        + folder: ubuntu 755
        == /opt/agentiq/slots
        + folder: ubuntu 755
        == /opt/agentiq/.environment
        + # runner: agentiq/prod
        == /etc/runner
        + folder, 0700
        == /etc/runner/agentiq-prod.env
        ~ values
        ~ units have it from their next start
        == /etc/systemd/system/agentiq-chat@.service
        @@ -0,0 +1,18 @@
        +# runner: agentiq/prod
        +[Unit]
        +Description=agentiq prod: web
        +After=network.target postgresql.service
        +
        +[Service]
        +Type=simple
        +User=ubuntu
        +WorkingDirectory=/opt/agentiq/slots/%i/backend
        +EnvironmentFile=/etc/runner/agentiq-prod.env
        +EnvironmentFile=-/opt/agentiq/slots/%i/.env
        +ExecStart=/opt/agentiq/slots/%i/venv/bin/uvicorn app.main:app --port %i
        +Restart=always
        +RestartSec=10
        +TimeoutStopSec=30
        +
        +[Install]
        +WantedBy=multi-user.target
        == /etc/systemd/system/agentiq-celery@.service
        @@ -0,0 +1,19 @@
        +# runner: agentiq/prod
        +[Unit]
        +Description=agentiq prod: workers.celery
        +After=network.target postgresql.service
        +
        +[Service]
        +Type=simple
        +User=ubuntu
        +WorkingDirectory=/opt/agentiq/slots/%i/backend
        +EnvironmentFile=/etc/runner/agentiq-prod.env
        +EnvironmentFile=-/opt/agentiq/slots/%i/.env
        +ExecStart=/opt/agentiq/slots/%i/venv/bin/celery worker
        +Restart=always
        +RestartSec=10
        +KillMode=mixed
        +TimeoutStopSec=600
        +
        +[Install]
        +WantedBy=multi-user.target
        == /etc/nginx/runner
        + folder, 0755
        == /etc/ssl/runner
        + folder, 0755
        == /etc/ssl/runner/agentiq.ru.crt
        + a certificate signed by itself: browsers warn of it, since no authority vouches for it
        == /etc/nginx/runner/agentiq-prod.conf
        @@ -0,0 +1,5 @@
        +# runner: agentiq/prod
        +# shares: 8001=100
        +upstream agentiq-prod-8001 { server 127.0.0.1:8001; }
        +map $host $agentiq_prod_slot { default 8001; }
        +map $host $agentiq_prod_shares { default "8001=100"; }
        == /etc/nginx/sites-available/agentiq
        @@ -0,0 +1,50 @@
        +# runner: agentiq/prod
        +include /etc/nginx/runner/agentiq-prod.conf;
        +
        +server {
        +    listen 80;
        +    server_name agentiq.ru;
        +    access_log /var/log/nginx/agentiq-prod.access.log;
        +    error_log /var/log/nginx/agentiq-prod.error.log;
        +    location /.well-known/acme-challenge/ { root /var/www/letsencrypt; }
        +    location / { return 301 https://$host$request_uri; }
        +}
        +
        +server {
        +    listen 443 ssl;
        +    server_name agentiq.ru;
        +    access_log /var/log/nginx/agentiq-prod.access.log;
        +    error_log /var/log/nginx/agentiq-prod.error.log;
        +    ssl_certificate /etc/ssl/runner/agentiq.ru.crt;
        +    ssl_certificate_key /etc/ssl/runner/agentiq.ru.key;
        +    client_max_body_size 10m;
        +    root /opt/agentiq/slots/$agentiq_prod_slot/frontend;
        +    index index.html;
        +
        ...
        == /etc/nginx/sites-enabled/agentiq
        + link to /etc/nginx/sites-available/agentiq
        "#);
}

#[test]
fn what_was_switched_stays_when_the_set_up_runs_again() {
    let server = running(&prod("blue-green"), "prod", &["0.1.0", "0.2.0"]);
    assert_eq!(applied(&server, prod("blue-green"), "prod").unwrap(), "");
    server.put("/etc/nginx/runner/agentiq-prod.conf", "# by hand\n");
    let told = applied(&server, prod("blue-green"), "prod").unwrap();
    assert!(told.contains("+# shares: 8003=100"), "{told}");
}

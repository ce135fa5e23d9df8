//! What a release leaves behind on the server.

use anyhow::Result;

use super::{Agentiq, Site};
use crate::{End, Repository as _};

/// Files that belong to the environments, with where links lead; what programs make for themselves is left out.
const FILES: &str = r#"
find /opt/agentiq /opt/agentiq-staging /var/www /etc/nginx /etc/systemd/system /etc/runner /etc/ssl/runner \
    \( -name __pycache__ -o -name site-packages -o -name 'python3*' \) -prune -o -printf '%p %y %m %u:%g %l\n' 2>/dev/null | sort
"#;

/// What nginx was told, and what the units get.
const TEXTS: &str = r#"
for file in $(find /etc/nginx/sites-available /etc/nginx/runner* /etc/systemd/system -name '*agentiq*' -type f 2>/dev/null | sort); do
    echo "== $file"
    cat "$file"
done
"#;

/// Units, and whether they are enabled.
const UNITS: &str = r#"
systemctl list-units --plain --no-legend --state=active,failed,activating 'agentiq*' nginx.service | tr -s ' ' | sort
systemctl list-unit-files --plain --no-legend 'agentiq*' | grep -v ' transient ' | tr -s ' ' | sort
"#;

/// Adds it to what every release leaves behind.
pub(super) fn with_server(agentiq: &Agentiq, mut end: End) -> Result<End> {
    let plain = agentiq.plain();
    for (name, script) in [("files", FILES), ("texts", TEXTS), ("units", UNITS)] {
        end = end.with(
            &format!("{name} of the server"),
            plain.text(&agentiq.vps().root(script)?),
        );
    }
    for site in Site::ALL {
        let name = site.environment();
        let rows = format!(
            "cd / && sudo -u postgres psql -At {} -c 'SELECT version_num FROM alembic_version' -c 'SELECT count(*) FROM chats'",
            site.database()
        );
        end = end
            .with(
                &format!("version that answers in {name}"),
                format!("{:?}", agentiq.version_at(site)),
            )
            .with(&format!("page of {name}"), plain.text(&agentiq.page(site, "/")?))
            .with(&format!("database of {name}"), agentiq.vps().root(&rows)?);
    }
    Ok(end)
}

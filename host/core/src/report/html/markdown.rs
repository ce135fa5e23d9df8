//! A changelog's Markdown as HTML that is safe to show: no HTML of its own, no pictures, no links but to the web.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// The HTML of `text`. Headings begin at the third level, below those of the page.
pub(super) fn html(text: &str) -> String {
    let mut links = Vec::new();
    let events = Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES);
    let safe = events.filter_map(|event| safe(event, &mut links));
    let mut page = String::new();
    html::push_html(&mut page, safe);
    page
}

/// The event as it may be shown; `links` tells of each link that is open whether it is shown.
fn safe<'a>(event: Event<'a>, links: &mut Vec<bool>) -> Option<Event<'a>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            links.push(leads_to_the_web(dest_url));
            links.last().copied().unwrap_or(false).then_some(event)
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or(false).then_some(event),
        Event::Start(Tag::Heading {
            level,
            id,
            classes,
            attrs,
        }) => {
            let level = below(level);
            Some(Event::Start(Tag::Heading {
                level,
                id,
                classes,
                attrs,
            }))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(below(level)))),
        event => Some(event),
    }
}

fn below(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    level.max(pulldown_cmark::HeadingLevel::H3)
}

fn leads_to_the_web(url: &CowStr<'_>) -> bool {
    let url = url.to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_commit_message_is_run_or_fetched() {
        let text = "## Title\n\n- <script>alert(1)</script>\n- ![p](https://x.example/p.png) [a](javascript:alert(1)) \
            [b](https://x.example/?a=1&b=2)\n\n<img src=x onerror=alert(1)>\n\n`<b>`\n";
        insta::assert_snapshot!(html(text), @r##"
        <h3>Title</h3>
        <ul>
        <li>
        <p>&lt;script&gt;alert(1)&lt;/script&gt;
        </p>
        </li>
        <li>p a <a href="https://x.example/?a=1&amp;b=2">b</a></li>
        </ul>
        <p>&lt;img src=x onerror=alert(1)&gt;
        </p>
        <p><code>&lt;b&gt;</code></p>
        "##);
    }
}

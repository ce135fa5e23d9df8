//! The shop itself: which request gets which answer, and that each one is counted.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use crate::http::{Request, Response};
use crate::json;
use crate::metrics::{self, Metrics};
use crate::orders::{Orders, Wish};
use crate::pages;
use crate::settings::Settings;

/// The state behind all requests.
pub struct Shop {
    settings: Settings,
    orders: Orders,
    metrics: Metrics,
}

impl Shop {
    /// Opens the order book in the data folder and starts counting at zero.
    pub fn open(settings: Settings) -> io::Result<Self> {
        let orders = Orders::open(&settings.data_dir).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!(
                    "failed to open the orders in `{}`: {error}",
                    settings.data_dir.display()
                ),
            )
        })?;
        let metrics = Metrics::new(&settings.version, &settings.environment);
        Ok(Self {
            settings,
            orders,
            metrics,
        })
    }

    /// Answers a request and counts it; a panic on the way is an answer with status 500.
    pub fn respond(&self, request: &Request) -> Response {
        let start = Instant::now();
        let response = panic::catch_unwind(AssertUnwindSafe(|| self.route(request)))
            .unwrap_or_else(|_| self.problem(500, "Something broke. We have been told."));
        self.metrics.request(
            path_label(request),
            method_label(request),
            response.status,
            start.elapsed(),
        );
        response
    }

    fn route(&self, request: &Request) -> Response {
        let version = &self.settings.version;
        match (request.path.as_str(), request.method.as_str()) {
            ("/", "GET" | "HEAD") => Response::html(200, pages::catalogue(version)),
            ("/checkout", "GET" | "HEAD") => Response::html(200, pages::checkout(version)),
            ("/checkout", "POST") => self.place_order(&request.body),
            ("/health", "GET" | "HEAD") => self.health(),
            ("/metrics", "GET" | "HEAD") => Response::new(200, metrics::CONTENT_TYPE, self.metrics.render()),
            ("/checkout", _) => self.not_allowed("GET, HEAD, POST"),
            ("/" | "/health" | "/metrics", _) => self.not_allowed("GET, HEAD"),
            _ => self.problem(404, "There is no such page."),
        }
    }

    fn place_order(&self, body: &[u8]) -> Response {
        let wish = match Wish::parse(&String::from_utf8_lossy(body)) {
            Ok(wish) => wish,
            Err(why) => return self.problem(422, &why),
        };
        match self.orders.place(wish) {
            Ok(order) => {
                self.metrics.order();
                Response::html(201, pages::receipt(&order, &self.settings.version))
            }
            Err(error) => {
                eprintln!("failed to write an order: {error}");
                self.problem(500, "Your order could not be saved.")
            }
        }
    }

    fn health(&self) -> Response {
        let (code, status) = if self.orders.is_there() {
            (200, "ok")
        } else {
            (503, "no order book")
        };
        let Settings {
            version, environment, ..
        } = &self.settings;
        let [status, version, environment] = [status, version, environment].map(json::quoted);
        let body = format!("{{\"status\":{status},\"version\":{version},\"environment\":{environment}}}\n");
        Response::new(code, "application/json", body)
    }

    fn not_allowed(&self, methods: &'static str) -> Response {
        Response {
            allow: Some(methods),
            ..self.problem(405, "This page does not do that.")
        }
    }

    fn problem(&self, status: u16, what: &str) -> Response {
        Response::html(status, pages::problem(what, &self.settings.version))
    }
}

/// Names the path for the metrics, where clients must not be able to make new names.
fn path_label(request: &Request) -> &'static str {
    ["/", "/checkout", "/health", "/metrics"]
        .into_iter()
        .find(|path| *path == request.path)
        .unwrap_or("other")
}

/// Names the method for the metrics, likewise.
fn method_label(request: &Request) -> &'static str {
    ["GET", "HEAD", "POST"]
        .into_iter()
        .find(|method| *method == request.method)
        .unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    /// A shop with a data folder of its own, which goes with it.
    struct Opened(Shop, PathBuf);

    impl Opened {
        fn new(test: &str) -> Self {
            let data_dir = std::env::temp_dir().join(format!("shop-{test}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&data_dir);
            let settings = Settings {
                port: 0,
                version: "1.2.3".into(),
                environment: "test".into(),
                data_dir: data_dir.clone(),
            };
            Self(Shop::open(settings).unwrap(), data_dir)
        }

        fn ask(&self, method: &str, path: &str, body: &str) -> Response {
            let body = body.as_bytes().to_vec();
            self.0.respond(&Request {
                method: method.into(),
                path: path.into(),
                body,
                keep_alive: true,
            })
        }
    }

    impl Drop for Opened {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.1);
        }
    }

    #[test]
    fn every_page_is_there() {
        let shop = Opened::new("pages");
        for path in ["/", "/checkout", "/health", "/metrics"] {
            assert_eq!(shop.ask("GET", path, "").status, 200, "{path}");
            assert_eq!(shop.ask("HEAD", path, "").status, 200, "{path}");
        }
    }

    #[test]
    fn an_order_is_placed_kept_and_counted() {
        let shop = Opened::new("order");
        let response = shop.ask("POST", "/checkout", "item=kettle&quantity=2");
        assert_eq!(response.status, 201);
        assert!(response.body.contains("€78.00"), "{}", response.body);
        assert!(
            fs::read_to_string(shop.1.join("orders.jsonl"))
                .unwrap()
                .contains("\"item\":\"kettle\"")
        );
        assert!(
            shop.ask("GET", "/metrics", "")
                .body
                .contains("\nshop_orders_total 1\n")
        );
    }

    #[test]
    fn a_bad_form_is_the_customers_error_and_no_order() {
        let shop = Opened::new("bad-form");
        assert_eq!(shop.ask("POST", "/checkout", "item=samovar").status, 422);
        assert!(
            shop.ask("GET", "/metrics", "")
                .body
                .contains("\nshop_orders_total 0\n")
        );
    }

    #[test]
    fn health_tells_version_and_environment() {
        let response = Opened::new("health").ask("GET", "/health", "");
        assert_eq!(response.content_type, "application/json");
        assert_eq!(
            response.body,
            "{\"status\":\"ok\",\"version\":\"1.2.3\",\"environment\":\"test\"}\n"
        );
    }

    #[test]
    fn health_fails_without_the_order_book() {
        let shop = Opened::new("sick");
        fs::remove_dir_all(&shop.1).unwrap();
        assert_eq!(shop.ask("GET", "/health", "").status, 503);
    }

    #[test]
    fn wrong_paths_and_methods_have_their_status() {
        let shop = Opened::new("wrong");
        assert_eq!(shop.ask("GET", "/admin", "").status, 404);
        assert_eq!(shop.ask("DELETE", "/checkout", "").allow, Some("GET, HEAD, POST"));
        assert_eq!(shop.ask("POST", "/", "").status, 405);
    }

    #[test]
    fn clients_cannot_invent_labels() {
        let shop = Opened::new("labels");
        shop.ask("BREW", "/tea\"pot", "");
        let text = shop.ask("GET", "/metrics", "").body;
        assert!(
            text.contains("{path=\"other\",method=\"other\",status=\"404\"} 1\n"),
            "{text}"
        );
    }

    #[test]
    fn a_data_folder_that_cannot_be_made_is_named() {
        let shop = Opened::new("file");
        let data_dir = shop.1.join("orders.jsonl");
        let error = Shop::open(Settings {
            data_dir,
            ..shop.0.settings.clone()
        })
        .err()
        .unwrap();
        assert!(error.to_string().contains("orders.jsonl`"), "{error}");
    }
}

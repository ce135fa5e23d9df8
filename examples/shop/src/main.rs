//! The `shop` process: reads its settings from the environment, then serves until it is ended.
//!
//! SIGTERM ends it at once: an order is in the file before it is confirmed, so nothing is lost.

use std::process::ExitCode;
use std::sync::Arc;

use shop::server::Server;
use shop::settings::Settings;
use shop::shop::Shop;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let port = settings.port;
    let shop = Arc::new(Shop::open(settings)?);
    let server = Server::bind(port).map_err(|e| format!("failed to listen on port {port}: {e}"))?;
    println!("listening on http://{}", server.address()?);
    server.run(Arc::new(move |request: &_| shop.respond(request)));
    Ok(())
}

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// In production nginx does the same.
const proxy = { "/api": process.env["API_URL"] ?? "http://127.0.0.1:8001" };

export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});

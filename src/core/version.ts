/** The one place that names the version; a test holds it against package.json. */
export const VERSION = "0.1.0";

/** Endings that every new repo keeps in LFS. */
const LFS_ENDINGS = [
  "7z",
  "arrow",
  "bin",
  "ckpt",
  "gguf",
  "gz",
  "h5",
  "joblib",
  "msgpack",
  "npy",
  "npz",
  "onnx",
  "parquet",
  "pkl",
  "pt",
  "pth",
  "safetensors",
  "tar",
  "tflite",
  "tgz",
  "wasm",
  "xz",
  "zip",
  "zst",
];

/** Files above this many bytes are LFS whatever their name. */
export const LFS_ABOVE = 10 * 1024 * 1024;

/** The `.gitattributes` of a new repo. */
export function defaultAttributes(): string {
  return LFS_ENDINGS.map((ending) => `*.${ending} filter=lfs diff=lfs merge=lfs -text\n`).join("");
}

/** Whether the default `.gitattributes` sends this path to LFS. */
export function isLfsPath(path: string): boolean {
  return LFS_ENDINGS.includes(/\.([^./]+)$/.exec(path)?.[1] ?? "");
}

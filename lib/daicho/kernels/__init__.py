"""Layer 7: sealed kernels: one launcher for JupyterLab and papermill."""

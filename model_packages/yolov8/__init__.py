"""The object package: which kitchen things are in view, by a YOLOv8 detector trained on drawn films."""

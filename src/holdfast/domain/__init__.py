"""What Holdfast knows and decides: values in, values out."""

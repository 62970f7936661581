"""The service in a browser and over HTTP: pages, forms and the public interface."""

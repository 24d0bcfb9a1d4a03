"""From the files a shop exports to text in an engine. No personal data leaves this package."""

"""What happens: create, freeze, admit, take a response, judge, export."""

// The one translation unit that holds the compiled parts of Beast and of asio::ssl.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
